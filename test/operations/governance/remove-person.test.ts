import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { removePerson } from '../../../src/operations/governance/remove-person.ts';
import { parseFields } from '../../../src/operations/parse-fields.ts';
import type { Role } from '../../../src/services/people/roles.ts';
import type { Person } from '../../../src/services/people/service.ts';
import { contextOf, memoryServices } from '../../fixtures/operation-services.ts';
import type { MemoryServices } from '../../fixtures/operation-services.ts';
import { newPublicKey } from '../../fixtures/public-key.ts';

let services: MemoryServices;
let admin: Person;

async function join(role: Role) {
  return await services.people.redeem((await services.people.invite(role)).secret, `A ${role}`, newPublicKey());
}

beforeEach(async () => {
  services = memoryServices();
  ({ person: admin } = await join('admin'));
});

afterEach(() => {
  services.remove();
});

function contextFor(person: Person) {
  return contextOf(services, { kind: 'person', id: person.id, name: person.name, role: person.role });
}

describe('refused, and nothing has changed', () => {
  test.each([{}, { person: 'Ada', reason: 'x' }, { person: 'per_x', reason: 'x' }, { person: `per_${'0'.repeat(26)}`, reason: '  ' }])('%o', (input) => {
    expect(() => parseFields(removePerson.input, input)).toThrow(/person|reason/);
  });

  test.each(['plan', 'perform'] as const)('oneself, nobody, and the last administrator (%s)', async (step) => {
    const attempt = (context: ReturnType<typeof contextFor>, person: string): Promise<unknown> => removePerson[step](context, { person, reason: 'x' });
    await expect(attempt(contextFor(admin), admin.id)).rejects.toMatchObject({ code: 'NOT_ALLOWED', field: 'person' });
    await expect(attempt(contextFor(admin), `per_${'0'.repeat(26)}`)).rejects.toMatchObject({ code: 'NOT_FOUND', field: 'person' });
    const elsewhere = { ...admin, id: `per_${'1'.repeat(26)}` };
    await expect(attempt(contextFor(elsewhere), admin.id)).rejects.toMatchObject({ code: 'CONFLICT', field: 'person' });
    expect((await services.people.find(admin.id))?.removedAt).toBeNull();
  });
});

test('ends what the person had, once', async () => {
  const { person, token } = await join('operator');
  const input = { person: person.id, reason: 'left the team' };
  const plan = await removePerson.plan(contextFor(admin), input);
  expect(plan).toMatchObject({ changes: [expect.stringContaining(person.id)], touches: [{ object: `person:${person.id}`, version: 'operator active' }] });
  const { output } = await removePerson.perform(contextFor(admin), input);
  expect(removePerson.output.parse(output)).toEqual(output);
  expect(await services.people.authenticate(token)).toBeUndefined();
  expect(await services.people.find(person.id)).toMatchObject({ removedAt: output.removedAt });
  expect((await removePerson.perform(contextFor(admin), input)).output).toEqual(output);
  const again = await removePerson.plan(contextFor(admin), input);
  expect(again.changes).toEqual([]);
  expect(again.touches).not.toEqual(plan.touches);
});
