import { afterEach, beforeEach, expect, test } from 'vitest';
import { listKeys } from '../../../src/operations/governance/list-keys.ts';
import { contextOf, LOCAL_USER, memoryServices } from '../../fixtures/operation-services.ts';
import type { MemoryServices } from '../../fixtures/operation-services.ts';
import { newPublicKey } from '../../fixtures/public-key.ts';

let services: MemoryServices;

beforeEach(() => {
  services = memoryServices();
});

afterEach(() => {
  services.remove();
});

test('whose keys must be clear', async () => {
  await expect(listKeys.perform(contextOf(services, LOCAL_USER), {})).rejects.toMatchObject({ code: 'FIELD_INVALID', field: 'person' });
  await expect(listKeys.perform(contextOf(services), { person: `per_${'0'.repeat(26)}` })).rejects.toMatchObject({ code: 'NOT_FOUND', field: 'person' });
});

test("one's own, or those of a person, with passkeys and removed ones", async () => {
  const { person } = await services.people.redeem((await services.people.invite('approver')).secret, 'Ada', newPublicKey());
  const credential = { id: 'Y3JlZA', rpId: 'localhost', transports: ['internal'], counter: 3 };
  const passkey = await services.people.addKey(person.id, { publicKey: newPublicKey(), credential, label: 'laptop' });
  const [first] = await services.people.keysOf(person.id);
  await services.people.removeKey(first?.id ?? '');
  const context = contextOf(services, { kind: 'person', id: person.id, name: 'Ada', role: 'approver' });
  const { output, summary } = await listKeys.perform(context, {});
  expect(listKeys.output.parse(output)).toEqual(output);
  expect(output.keys).toEqual([{ ...first, removedAt: expect.any(String) as string }, passkey]);
  expect(summary).toContain('1 key.');
  expect((await listKeys.perform(contextOf(services), { person: person.id })).output).toEqual(output);
  expect(listKeys.render?.(output)[1]).toContain('laptop');
});
