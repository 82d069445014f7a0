import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { ERRORS } from '../../src/core/errors.ts';
import { byName, byRunbookPath, catalogue } from '../../src/operations/catalogue.ts';
import { parseFields } from '../../src/operations/parse-fields.ts';

const operations = new URL('../../src/operations/', import.meta.url);

/** Files that declare an operation; others in a room are its parts. */
function declaredFiles(): string[] {
  const rooms = readdirSync(operations, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return rooms.flatMap(({ name: room }) =>
    readdirSync(new URL(`${room}/`, operations))
      .filter((file) => readFileSync(join(operations.pathname, room, file), 'utf8').includes('defineOperation('))
      .map((file) => `${room}/${file.slice(0, -'.ts'.length)}`),
  );
}

test('the catalogue holds every declared operation, once', () => {
  expect(catalogue.map((entry) => `${entry.room}/${entry.name}`).toSorted()).toEqual(declaredFiles().toSorted());
});

test('every operation has a test of its own', () => {
  for (const { room, name } of catalogue) expect(() => readFileSync(new URL(`${room}/${name}.test.ts`, import.meta.url))).not.toThrow();
});

describe.each(catalogue)('$room $name', (entry) => {
  test('the row says what the declaration says', async () => {
    const { room, name, runbookLine, summary, risk, local } = await entry.load();
    expect({ room, name, runbookLine, summary, risk, local: local ?? null }).toEqual({
      room: entry.room,
      name: entry.name,
      runbookLine: entry.runbookLine,
      summary: entry.summary,
      risk: entry.risk,
      local: entry.local,
    });
  });

  test('the declaration is complete', async () => {
    const declaration = await entry.load();
    expect(declaration.description.length).toBeGreaterThan(80);
    expect(declaration.undo).not.toBe('');
    expect(declaration.examples.length).toBeGreaterThan(0);
    for (const example of declaration.examples) expect(example).toMatch(new RegExp(`^elulmc ${entry.room} ${entry.name}( |$)`));
    for (const code of declaration.errors ?? []) expect(Object.keys(ERRORS)).toContain(code);
    const fields = Object.keys(declaration.input.shape);
    const named = [
      ...(declaration.positional ?? []),
      ...(declaration.secrets ?? []),
      ...(declaration.personal ?? []),
      ...Object.keys(declaration.parameters ?? {}),
    ];
    for (const field of named) expect(fields).toContain(field);
    for (const field of declaration.shownOnce ?? []) expect(Object.keys((declaration.output as z.ZodObject).shape)).toContain(field);
    for (const [field, schema] of Object.entries(declaration.input.shape)) expect(`${field}: ${(schema as z.ZodType).description ?? ''}`).toMatch(/: .+\.$/);
  });

  test('an unknown field is refused by name', async () => {
    const declaration = await entry.load();
    expect(() => parseFields(declaration.input, { nonsense: 1 })).toThrow(/./);
    expect(z.toJSONSchema(declaration.input, { io: 'input' })).toMatchObject({ additionalProperties: false });
  });
});

test.each([
  ['security/emergency_isolation.sh', 'emergency-isolation'],
  ['deployment/check_model_load.sh', 'check-model-load'],
])('the line %s is found', (path, name) => {
  expect(byRunbookPath(path)?.name).toBe(name);
});

test('what is not there is not found', () => {
  expect(byRunbookPath('security/none.sh')).toBeUndefined();
  expect(byName('security', 'none')).toBeUndefined();
  expect(byName('audits', 'emergency-isolation')).toBeUndefined();
});
