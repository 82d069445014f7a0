import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { catalogue } from '../../../src/operations/catalogue.ts';
import { openDoor } from '../../../src/operations/door.ts';
import type { Door } from '../../../src/operations/door.ts';
import { changeRequest } from '../../../src/operations/governance/change-request.ts';
import { planDigest } from '../../../src/operations/plan-digest.ts';
import type { Actor } from '../../../src/services/people/service.ts';
import { MemoryLedger } from '../../fixtures/memory-ledger.ts';
import { MemoryOperationRuns } from '../../fixtures/memory-operation-runs.ts';
import { LOCAL_USER, memoryServices, personWith } from '../../fixtures/operation-services.ts';
import type { MemoryServices } from '../../fixtures/operation-services.ts';

let services: MemoryServices;
let log: MemoryLedger;
let runs: MemoryOperationRuns;
let door: Door;

beforeEach(() => {
  services = memoryServices();
  log = new MemoryLedger();
  runs = new MemoryOperationRuns();
  door = openDoor({ catalogue, services, log, runs });
});

afterEach(() => {
  services.remove();
});

const OPERATOR = personWith('operator');

function call(input: object, given: { readonly actor?: Actor; readonly runId?: string; readonly dryRun?: boolean } = {}) {
  return door.call({ room: 'governance', name: 'change-request', input, actor: OPERATOR, signal: new AbortController().signal, ...given });
}

const WORDS = { title: 'New weights', risk: 'change', rollback: 'the old weights' };
const BACKUP = { ...WORDS, operation: 'deployment activate-backup' };

describe('what is refused, and submits nothing', () => {
  test.each<[string, object, string, string]>([
    ['no title', { ...WORDS, title: ' ' }, 'FIELD_INVALID', 'title'],
    ['no risk', { title: 'x', rollback: 'y' }, 'FIELD_INVALID', 'risk'],
    ['a change without a rollback', { title: 'x', risk: 'change' }, 'FIELD_INVALID', 'rollback'],
    ['a rollback of nothing but spaces', { ...WORDS, rollback: '  ' }, 'FIELD_INVALID', 'rollback'],
    ['destruction without a rollback', { title: 'x', risk: 'destroy' }, 'FIELD_INVALID', 'rollback'],
    ['an empty system', { ...WORDS, systems: [''] }, 'FIELD_INVALID', 'systems.0'],
    ['an input of nothing', { ...WORDS, input: '{}' }, 'FIELD_INVALID', 'input'],
    ['an input that is not JSON', { ...BACKUP, input: '{model:}' }, 'FIELD_INVALID', 'input'],
    ['an input that is no object', { ...BACKUP, input: '["demo"]' }, 'FIELD_INVALID', 'input'],
    ['a field that the operation does not have', { ...BACKUP, input: '{"modell":"demo"}' }, 'FIELD_INVALID', 'input.modell'],
    ['an operation that is not named as one', { ...WORDS, operation: 'activate-backup' }, 'FIELD_INVALID', 'operation'],
    ['a risk below that of its operation', { title: 'x', risk: 'read', operation: 'deployment activate-backup' }, 'FIELD_INVALID', 'risk'],
  ])('%s', async (_what, input, code, field) => {
    await expect(call(input)).rejects.toMatchObject({ code, field });
    expect(await services.changes.list(10)).toEqual([]);
  });

  test('an operation that is not there, one that cannot be planned, one that the requester may not call', async () => {
    await expect(call({ ...WORDS, operation: 'deployment nothing' })).rejects.toMatchObject({ code: 'OPERATION_UNKNOWN' });
    await expect(call({ ...BACKUP, input: '{"model":"nothing"}' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(call({ ...WORDS, operation: 'governance issue-key', input: '{"name":"x"}' })).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
    expect(await services.changes.list(10)).toEqual([]);
  });

  test('who may not ask', async () => {
    await expect(call(WORDS, { actor: personWith('viewer') })).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
    await expect(call(WORDS, { actor: LOCAL_USER })).rejects.toMatchObject({ code: 'NOT_SIGNED_IN' });
  });
});

test('a change that a person makes', async () => {
  const report = await call({ ...WORDS, systems: ['route:demo', 'route:demo'], description: 'why' });
  const [change] = await services.changes.list(10);
  expect(change).toMatchObject({
    ...WORDS,
    description: 'why',
    systems: ['route:demo'],
    operation: null,
    planSha256: null,
    requester: OPERATOR.id,
    state: 'submitted',
  });
  expect(changeRequest.output.parse(report.output)).toEqual(report.output);
  expect(report.summary).toContain(change?.id);
});

test('a change that only reads needs no rollback', async () => {
  await call({ title: 'look at it', risk: 'read' });
  expect((await services.changes.list(1))[0]).toMatchObject({ risk: 'read', rollback: null, systems: [] });
});

test('with an operation it keeps the digest of exactly that plan', async () => {
  await call({ ...BACKUP, input: '{"model":"demo"}' });
  const dry = await door.call({
    room: 'deployment',
    name: 'activate-backup',
    input: { model: 'demo' },
    actor: OPERATOR,
    dryRun: true,
    signal: new AbortController().signal,
  });
  const [change] = await services.changes.list(1);
  expect(change).toMatchObject({ operation: 'deployment activate-backup', planSha256: dry.planSha256, changes: dry.plan.changes });
  expect(change?.planSha256).toBe(planDigest('deployment activate-backup', { model: 'demo' }, dry.plan.changes));
  expect((await services.posture.read()).routes.find((route) => route.model === 'demo')?.active).toBe('primary');
});

test('its systems are those that the plan touches, or cover them', async () => {
  const plan = await door.call({ room: 'deployment', name: 'activate-backup', input: {}, actor: OPERATOR, dryRun: true, signal: new AbortController().signal });
  const touched = (plan.plan.touches ?? []).map(({ object }) => object);
  await call(BACKUP);
  expect((await services.changes.list(1))[0]?.systems).toEqual(touched);
  await call({ ...BACKUP, systems: [...touched, 'rack:7'] });
  for (const object of touched) {
    await expect(call({ ...BACKUP, systems: [...touched.filter((other) => other !== object), 'rack:7'] })).rejects.toMatchObject({
      code: 'FIELD_INVALID',
      field: 'systems',
      message: expect.stringContaining(object) as string,
    });
  }
});

test('repeating the call submits nothing new', async () => {
  const runId = 'run_01jd0000000000000000000000';
  const first = await call(WORDS, { runId });
  // As after a crash between the effect and its row.
  runs.rows.clear();
  const again = await call(WORDS, { runId });
  expect(again.output).toEqual(first.output);
  expect(await services.changes.list(10)).toHaveLength(1);
});

test('its words reach neither ledger nor plan', async () => {
  const words = { title: 'Alice leaves', description: 'Alice did it', rollback: 'ask Alice' };
  await call({ ...words, risk: 'change', operation: 'deployment activate-backup', input: '{ "model": "demo" }' });
  const recorded = JSON.stringify(log.entries);
  expect(recorded).toContain('change-request');
  expect(recorded).not.toContain('Alice');
});

test('a dry run submits nothing', async () => {
  const report = await call({ ...WORDS, systems: ['route:demo'] }, { dryRun: true });
  expect(report.plan.changes).toEqual(['submit a change of route:demo (risk change)']);
  expect(await services.changes.list(10)).toEqual([]);
});
