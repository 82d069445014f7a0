import { afterEach, beforeEach, expect, test } from 'vitest';
import { newId } from '../../../src/core/ids.ts';
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

test('no reason, an unknown request, and who may not', async () => {
  const request = await calls.request();
  expect(await codeOf(calls.governance('decline', { request }, calls.first))).toBe('FIELD_INVALID');
  expect(await codeOf(calls.governance('decline', { request: newId('apr'), reason: 'no' }, calls.first))).toBe('APPROVAL_UNKNOWN');
  expect(await codeOf(calls.governance('decline', { request, reason: 'no' }, calls.operator))).toBe('NOT_ALLOWED');
});

test('ends the request, once', async () => {
  const request = await calls.request();
  const report = await calls.governance('decline', { request, reason: 'wait for the window' }, calls.first);
  expect(report.output).toEqual({ request, operation: 'deployment activate-backup', declinedBy: calls.first.person.id, reason: 'wait for the window' });
  const again = await calls.governance('decline', { request, reason: 'me too' }, calls.second);
  expect(again).toMatchObject({ plan: { changes: [] }, output: { declinedBy: calls.first.person.id, reason: 'wait for the window' } });
  expect((await calls.services.approvals.find(request))?.state).toBe('declined');
});
