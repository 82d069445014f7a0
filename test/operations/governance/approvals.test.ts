import { afterEach, beforeEach, expect, test } from 'vitest';
import { newId } from '../../../src/core/ids.ts';
import { approvals } from '../../../src/operations/governance/approvals.ts';
import { readStatement } from '../../../src/services/approvals/statement.ts';
import { LOCAL_USER, personWith } from '../../fixtures/operation-services.ts';
import { signedBy } from '../../services/approvals/approval-bench.ts';
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

test('an unknown request', async () => {
  expect(await codeOf(calls.governance('approvals', { request: newId('apr') }))).toBe('APPROVAL_UNKNOWN');
  expect(await codeOf(calls.governance('approvals', { request: 'x' }))).toBe('FIELD_INVALID');
});

test('nothing waits', async () => {
  const report = await calls.governance('approvals', {}, LOCAL_USER);
  expect(report).toMatchObject({ output: { requests: [], breakGlass: [] }, summary: '0 requests, 0 of them wait for signatures.' });
});

test('lists what waits, with --all also the rest; one with all that is signed', async () => {
  const open = await calls.request();
  const done = await calls.request();
  await calls.governance('decline', { request: done, reason: 'no' }, calls.first);
  const listed = approvals.output.parse((await calls.governance('approvals', {})).output);
  expect(listed.requests).toMatchObject([{ id: open, state: 'open', requesterName: 'Olga', payload: null, token: null }]);
  const all = approvals.output.parse((await calls.governance('approvals', { all: true })).output);
  expect(all.requests.map(({ id }) => id).sort()).toEqual([done, open].sort());

  const found = await calls.services.approvals.find(open);
  if (found !== undefined) await signedBy(calls.services.approvals, found, calls.first, calls.second);
  const one = approvals.output.parse((await calls.governance('approvals', { request: open })).output).requests[0];
  expect(one).toMatchObject({ state: 'approved', signatures: [{ name: 'First' }, { name: 'Second' }], token: expect.any(String) as string });
  expect(readStatement(one?.payload ?? '')?.request).toBe(open);
  expect(approvals.render?.({ requests: one === undefined ? [] : [one], breakGlass: [] }).join('\n')).toContain(`digest      ${one?.digest ?? ''}`);
});

test('uses of break-glass are tasks here', async () => {
  await calls.services.breakGlass.record({
    runId: newId('run'),
    operation: 'deployment activate-backup',
    actor: personWith('security').id,
    reason: 'INC-7 at night',
  });
  const report = await calls.governance('approvals', {});
  expect(report.output).toMatchObject({ breakGlass: [{ operation: 'deployment activate-backup', reason: 'INC-7 at night' }] });
  expect(report.summary).toContain('1 use of break-glass waits for a review');
});
