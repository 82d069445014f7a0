import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { newId } from '../../../src/core/ids.ts';
import { personWith } from '../../fixtures/operation-services.ts';
import { codeOf } from '../door-bench.ts';
import { ApprovalCalls } from './approval-calls.ts';

let calls: ApprovalCalls;

beforeEach(async () => {
  calls = new ApprovalCalls();
  await calls.start();
});

afterEach(() => {
  calls.stop();
});

const good = { operation: 'deployment activate-backup', reason: 'the primary is slow' };

describe('what is refused, with nothing stored', () => {
  test.each<[string, object, string, RegExp]>([
    ['no reason', { operation: good.operation }, 'FIELD_INVALID', /^reason/],
    ['no room', { ...good, operation: 'activate-backup' }, 'FIELD_INVALID', /^operation/],
    ['an unknown operation', { ...good, operation: 'deployment nothing' }, 'OPERATION_UNKNOWN', /deployment nothing/],
    ['input that is no JSON', { ...good, input: '{model' }, 'FIELD_INVALID', /^input: is not JSON/],
    ['input that is no object', { ...good, input: '7' }, 'FIELD_INVALID', /input/],
    ['input with a wrong field', { ...good, input: '{"modle":"demo"}' }, 'FIELD_INVALID', /modle/],
    ['a plan that cannot be made', { ...good, input: '{"model":"nobody"}' }, 'NOT_FOUND', /nobody/],
    ['a duration that is none', { ...good, expiresIn: '4 hours' }, 'FIELD_INVALID', /^expiresIn/],
    ['an emergency', { ...good, operation: 'security emergency-isolation' }, 'FIELD_INVALID', /never needs an approval/],
    ['approving itself', { ...good, operation: 'governance request', input: JSON.stringify(good) }, 'FIELD_INVALID', /never needs an approval/],
    ['what needs none', { ...good, operation: 'deployment check-model-load' }, 'FIELD_INVALID', /needs no approval now/],
    ['what the requester may not do', { ...good, operation: 'governance issue-key', input: '{"name":"x"}' }, 'NOT_ALLOWED', /governance issue-key/],
  ])('%s', async (_what, input, code, detail) => {
    const promise = calls.governance('request', input);
    await expect(promise).rejects.toThrow(detail);
    expect(await codeOf(promise)).toBe(code);
    expect(await calls.services.approvals.list({ states: ['open', 'approved'], limit: 10 })).toEqual([]);
  });

  test('a viewer', async () => {
    expect(await codeOf(calls.governance('request', good, personWith('viewer')))).toBe('NOT_ALLOWED');
  });
});

test('stores the plan as it is now, and says what to do', async () => {
  const report = await calls.governance('request', { ...good, input: '{"model":"demo"}', expiresIn: '30m' }, calls.operator, { ref: 'run_of_a_runbook' });
  const output = report.output as { request: string; digest: string; required: number; touches: unknown[]; commands: string[] };
  const request = await calls.services.approvals.find(output.request);
  expect(request?.statement).toMatchObject({
    operation: 'deployment activate-backup',
    input: { model: 'demo' },
    changes: ['serve demo from backup (backup-clean), after it has answered a request'],
    touches: [{ object: 'route:demo' }],
    requester: calls.operator.person.id,
    policy: { required: 2 },
  });
  expect(request).toMatchObject({ digest: output.digest, reason: good.reason, ref: 'run_of_a_runbook', state: 'open' });
  expect(output).toMatchObject({ required: 2, commands: [`elulmc governance approve ${output.request}`, expect.stringContaining('--approval') as string] });
  expect(report.plan.changes).toEqual([
    'ask 2 people to approve deployment activate-backup',
    'deployment activate-backup would: serve demo from backup (backup-clean), after it has answered a request',
  ]);
});

test('the same call asks once', async () => {
  const runId = newId('run');
  const first = await calls.governance('request', good, calls.operator, { runId });
  expect((await calls.governance('request', good, calls.operator, { runId })).output).toEqual(first.output);
  expect(await calls.services.approvals.list({ states: ['open'], limit: 10 })).toHaveLength(1);
});

test('more people than the policy asks for may be asked, never fewer', async () => {
  expect((await calls.governance('request', { ...good, approvals: 3 })).output).toMatchObject({ required: 3 });
  expect((await calls.governance('request', { ...good, approvals: 1 })).output).toMatchObject({ required: 2 });
});

test('the input of the operation may name people: it stays out of the ledger', async () => {
  const input = JSON.stringify({ name: 'Ada Lovelace', subject: 'ada' });
  const report = await calls.governance('request', { operation: 'governance issue-key', input, reason: 'a new client' }, personWith('admin'));
  expect(JSON.stringify(calls.log.entries)).not.toContain('Lovelace');
  const found = await calls.services.approvals.find((report.output as { request: string }).request);
  expect(found?.statement.input).toMatchObject({ name: 'Ada Lovelace' });
});
