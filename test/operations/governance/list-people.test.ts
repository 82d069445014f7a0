import { afterEach, beforeEach, expect, test } from 'vitest';
import { listPeople } from '../../../src/operations/governance/list-people.ts';
import { contextOf, memoryServices } from '../../fixtures/operation-services.ts';
import type { MemoryServices } from '../../fixtures/operation-services.ts';
import { newPublicKey } from '../../fixtures/public-key.ts';

let services: MemoryServices;

beforeEach(() => {
  services = memoryServices();
});

afterEach(() => {
  services.remove();
});

test('nobody, then those who may act, and with --removed the others too', async () => {
  const list = async (removed: boolean) => listPeople.perform(contextOf(services), { removed });
  expect((await list(true)).output.people).toEqual([]);
  const ada = await services.people.redeem((await services.people.invite('admin')).secret, 'Ada', newPublicKey());
  const bob = await services.people.redeem((await services.people.invite('viewer')).secret, 'Bob', newPublicKey());
  await services.people.remove(bob.person.id);
  expect((await list(false)).output.people).toEqual([ada.person]);
  const { output } = await list(true);
  expect(output.people.map(({ id, removedAt }) => [id, removedAt === null])).toEqual([
    [ada.person.id, true],
    [bob.person.id, false],
  ]);
  expect(listPeople.output.parse(output)).toEqual(output);
  expect(listPeople.render?.(output).join('\n')).toMatch(/Ada\n.*removed .*Bob$/);
});
