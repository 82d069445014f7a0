import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { revokeAllSessions } from '../../../src/operations/governance/revoke-all-sessions.ts';
import { parseFields } from '../../../src/operations/parse-fields.ts';
import { contextOf, memoryServices, personWith } from '../../fixtures/operation-services.ts';
import type { MemoryServices } from '../../fixtures/operation-services.ts';
import { newPublicKey } from '../../fixtures/public-key.ts';

let services: MemoryServices;

beforeEach(async () => {
  services = memoryServices();
  const limits = { concurrency: null, requestsPerMinute: null, tokensPerMinute: null };
  for (const name of ['a', 'b'])
    await services.posture.issueKey({ name, subject: name, models: null, limits }, { actor: 'system', runId: name, operation: 'test' });
});

afterEach(() => {
  services.remove();
});

function run(input: object, context = contextOf(services)) {
  return revokeAllSessions.perform(context, parseFields(revokeAllSessions.input, input));
}

describe('options that need more than the role operator', () => {
  test.each([
    [{ keys: true }, '--keys'],
    [{ operators: true }, '--operators'],
  ])('%o', async (input, option) => {
    const context = contextOf(services, personWith('operator'));
    await expect(revokeAllSessions.plan(context, parseFields(revokeAllSessions.input, input))).rejects.toThrow(option);
    await expect(revokeAllSessions.plan(context, parseFields(revokeAllSessions.input, {}))).resolves.toMatchObject({
      changes: [expect.stringContaining('void every session')],
    });
    await expect(revokeAllSessions.plan(contextOf(services, personWith('security')), parseFields(revokeAllSessions.input, input))).resolves.toBeDefined();
  });
});

test('sessions only: the generation rises, keys stay', async () => {
  services.gateways.running = 5;
  const { output, summary } = await run({});
  expect(output).toMatchObject({ generation: 2, keysRevoked: [], peopleSignedOut: 0, cutRequests: 5, gatewaysApplied: 1 });
  expect(summary).toMatch(/^Every session before generation 2 is void; .*5 running requests cut/);
  const posture = await services.posture.read();
  expect(posture.sessionGeneration).toBe(2);
  expect([...posture.keys.values()].every((key) => key.revokedAt === null)).toBe(true);
  expect(revokeAllSessions.output.parse(output)).toEqual(output);
});

test('--keys revokes every key and names them', async () => {
  const { output } = await run({ keys: true });
  const keys = [...(await services.posture.read()).keys.values()];
  expect(output.keysRevoked.toSorted()).toEqual(keys.map((key) => key.id).toSorted());
  expect(keys.every((key) => key.revokedAt !== null && key.generation === 2)).toBe(true);
});

test('--operators signs out everybody but the caller', async () => {
  const join = async (role: 'admin' | 'viewer') => services.people.redeem((await services.people.invite(role)).secret, role, newPublicKey());
  const admin = await join('admin');
  const viewer = await join('viewer');
  const { output } = await run({ operators: true }, contextOf(services, { kind: 'person', id: admin.person.id, name: 'admin', role: 'admin' }));
  expect(output.peopleSignedOut).toBe(1);
  expect(await services.people.authenticate(viewer.token)).toBeUndefined();
  expect(await services.people.authenticate(admin.token)).toBeDefined();
});

test('the same run id raises the generation once', async () => {
  const context = contextOf(services);
  await run({ keys: true }, context);
  expect((await run({ keys: true }, context)).output.generation).toBe(2);
});
