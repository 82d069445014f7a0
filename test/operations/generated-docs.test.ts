import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { generateDocs, packageVersion } from '../../scripts/generate-docs.ts';
import { catalogue } from '../../src/operations/catalogue.ts';

const root = join(import.meta.dirname, '..', '..');
const documents = await generateDocs(packageVersion(root));

test.each([...documents.keys()])('%s is current (else: node scripts/generate-docs.ts)', (path) => {
  expect(existsSync(join(root, path))).toBe(true);
  expect(readFileSync(join(root, path), 'utf8')).toBe(documents.get(path));
});

test('no document of a room that is gone', () => {
  const present = readdirSync(join(root, 'docs', 'commands')).map((name) => `docs/commands/${name}`);
  expect(present.filter((path) => !documents.has(path))).toEqual([]);
});

test('every operation has its heading, so that docs/commands/<room>.md#<name> works', () => {
  for (const { room, name } of catalogue) expect(documents.get(`docs/commands/${room}.md`)).toContain(`\n## ${name}\n`);
});

describe('framework ids', () => {
  /** ../shared is not part of the checkout; these are the forms, the pinned list is compared where it is there. */
  const pinned = join(root, '..', 'shared', 'data', 'frameworks', 'atlas-5.6.0.json');

  test.skipIf(!existsSync(pinned))('stand in the pinned list, and in the mapping where it has the operation', async () => {
    const { ids } = JSON.parse(readFileSync(pinned, 'utf8')) as { ids: Record<string, unknown> };
    const mapping = JSON.parse(readFileSync(join(pinned, '..', 'mapping.json'), 'utf8')) as Record<string, { csf: string; atlas: string[] } | undefined>;
    for (const entry of catalogue) {
      const { frameworks } = await entry.load();
      for (const id of frameworks.atlas ?? []) expect(Object.keys(ids)).toContain(id);
      const mapped = mapping[`${entry.room}/${entry.name}`];
      if (mapped !== undefined) expect({ csf: frameworks.csf, atlas: frameworks.atlas ?? [] }).toEqual({ csf: mapped.csf, atlas: mapped.atlas });
    }
  });

  test('have the form of ATLAS and CSF', async () => {
    for (const entry of catalogue) {
      const { frameworks } = await entry.load();
      expect(frameworks.csf).toMatch(/^(GV|ID|PR|DE|RS|RC)\.[A-Z]{2}$/);
      for (const id of frameworks.atlas ?? []) expect(id).toMatch(/^AML\.T\d{4}(\.\d{3})?$/);
    }
  });
});
