import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

/** Packages that a module loads, itself and through modules of ours. */
function packagesOf(file: string, seen = new Set<string>()): Set<string> {
  const packages = new Set<string>();
  if (seen.has(file)) return packages;
  seen.add(file);
  for (const [, names = '', from = ''] of readFileSync(file, 'utf8').matchAll(/^import ([^;]*?) from '([^']+)';$/gms)) {
    if (names.startsWith('type ')) continue;
    if (from.startsWith('.')) for (const name of packagesOf(join(dirname(file), from), seen)) packages.add(name);
    else if (!from.startsWith('node:')) packages.add(from);
  }
  return packages;
}

test.each(['open-feed.ts', 'isolate-directly.ts'])('%s loads nothing but pg', (name) => {
  expect([...packagesOf(join(import.meta.dirname, '../../../src/services/posture', name))]).toEqual(['pg']);
});
