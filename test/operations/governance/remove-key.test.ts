import { afterEach, beforeEach, expect, test } from 'vitest';
import { removeKey } from '../../../src/operations/governance/remove-key.ts';
import { parseFields } from '../../../src/operations/parse-fields.ts';
import { contextOf, memoryServices, personWith } from '../../fixtures/operation-services.ts';
import type { MemoryServices } from '../../fixtures/operation-services.ts';
import { newPublicKey } from '../../fixtures/public-key.ts';

let services: MemoryServices;

beforeEach(() => {
  services = memoryServices();
});

afterEach(() => {
  services.remove();
});

async function join() {
  const { person } = await services.people.redeem((await services.people.invite('operator')).secret, 'Ada', newPublicKey());
  const [key] = await services.people.keysOf(person.id);
  return { context: contextOf(services, { kind: 'person', id: person.id, name: 'Ada', role: 'operator' }), key: key?.id ?? '' };
}

test.each([{}, { key: 'x' }, { key: '3F'.repeat(32) }])('%o is refused', (input) => {
  expect(() => parseFields(removeKey.input, input)).toThrow(/key/);
});

test('a key of somebody else needs an administrator; one that nobody has is not found', async () => {
  const { key } = await join();
  for (const role of ['viewer', 'operator', 'security', 'approver'] as const) {
    const context = contextOf(services, personWith(role));
    await expect(removeKey.plan(context, { key })).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
    await expect(removeKey.perform(context, { key })).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
  }
  expect((await services.people.findKey(key))?.removedAt).toBeNull();
  await expect(removeKey.plan(contextOf(services), { key: '0'.repeat(64) })).rejects.toMatchObject({ code: 'NOT_FOUND', field: 'key' });
  expect((await removeKey.perform(contextOf(services), { key })).output).toMatchObject({ key });
});

test("one's own key goes, once", async () => {
  const { context, key } = await join();
  expect(await removeKey.plan(context, { key })).toMatchObject({
    changes: [expect.stringContaining(key)],
    touches: [{ object: `person-key:${key}`, version: 'active' }],
  });
  const { output } = await removeKey.perform(context, { key });
  expect(removeKey.output.parse(output)).toEqual(output);
  expect(await services.people.findKey(key)).toMatchObject({ removedAt: output.removedAt });
  expect((await removeKey.perform(context, { key })).output).toEqual(output);
  expect((await removeKey.plan(context, { key })).changes).toEqual([]);
});
