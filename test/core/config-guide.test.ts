import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { readConfig } from '../../src/core/config.ts';

const GUIDE = new URL('../../docs/guide/configuration.md', import.meta.url);

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Paths of all fields; entries of lists count as one. */
function fieldsOf(value: unknown, path = ''): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((entry: unknown) => fieldsOf(entry, `${path}[]`));
  if (!isObject(value)) return [path];
  return [path, ...Object.entries(value).flatMap(([name, member]) => fieldsOf(member, `${path}.${name}`))];
}

/** Lists without an entry and objects that are null say nothing about their fields. */
function emptyOf(value: unknown, path = ''): readonly string[] {
  if (Array.isArray(value) && value.length === 0) return [path];
  if (Array.isArray(value)) return value.flatMap((entry: unknown) => emptyOf(entry, `${path}[]`));
  return isObject(value) ? Object.entries(value).flatMap(([name, member]) => emptyOf(member, `${path}.${name}`)) : [];
}

test('the example of the guide is valid, and names every field that the configuration has', () => {
  const [, example = ''] = /```yaml\n([\s\S]*?)```/.exec(readFileSync(GUIDE, 'utf8')) ?? [];
  const folder = mkdtempSync(join(tmpdir(), 'elulmc-guide-'));
  try {
    const path = join(folder, 'config.yaml');
    writeFileSync(path, example);
    const config = readConfig(path);
    expect(emptyOf(config)).toEqual([]);
    expect([...new Set(fieldsOf(parse(example)))].sort()).toEqual([...new Set(fieldsOf(config))].sort());
    const defaults = readConfig(join(folder, 'absent.yaml'));
    for (const part of ['environment', 'control', 'gateway'] as const) expect(config[part]).toEqual(defaults[part]);
    expect({ ...config.approvals, operations: {} }).toEqual(defaults.approvals);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
