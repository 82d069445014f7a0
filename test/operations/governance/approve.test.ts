import { afterEach, beforeEach, expect, test } from 'vitest';
import { newId } from '../../../src/core/ids.ts';
import { signWithKey } from '../../../src/services/approvals/signature.ts';
import type { Signatory } from '../../services/approvals/approval-bench.ts';
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

async function signed(request: string, by: Signatory): Promise<object> {
  const found = await calls.services.approvals.find(request);
  return { request, ...signWithKey(by.privateKey, found?.payload ?? '') };
}

test.each<[string, object, RegExp]>([
  ['no id', { request: 'apr_short' }, /^request/],
  ['a path', { request: '../../etc/passwd' }, /^request/],
  ['no signature', { request: newId('apr'), keyId: 'a'.repeat(64) }, /^signature: is missing/],
  ['no key', { request: newId('apr'), signature: 'AA' }, /^keyId: is missing/],
  ['a key id that is none', { request: newId('apr'), keyId: 'A'.repeat(64), signature: 'AA' }, /^keyId/],
])('%s is refused', async (_what, input, detail) => {
  await expect(calls.governance('approve', input, calls.first)).rejects.toThrow(detail);
});

test('an unknown request, and who may not approve', async () => {
  expect(await codeOf(calls.governance('approve', { request: newId('apr'), keyId: 'a'.repeat(64), signature: 'AA' }, calls.first))).toBe('APPROVAL_UNKNOWN');
  const request = await calls.request();
  expect(await codeOf(calls.governance('approve', await signed(request, calls.operator), calls.operator))).toBe('NOT_ALLOWED');
});

test('two signatures make a token that performs the call', async () => {
  const request = await calls.request();
  expect((await calls.governance('approve', await signed(request, calls.first), calls.first)).output).toMatchObject({ state: 'open', signed: 1, token: null });
  const report = await calls.governance('approve', await signed(request, calls.second), calls.second);
  const { token } = report.output as { token: string };
  expect(report.output).toMatchObject({ state: 'approved', signed: 2, required: 2 });
  const call = { room: 'deployment', name: 'activate-backup', input: {}, actor: calls.actor(calls.operator), signal: new AbortController().signal };
  expect(await codeOf(calls.door.call(call))).toBe('APPROVAL_MISSING');
  const performed = await calls.door.call({ ...call, approval: { token } });
  expect(performed.approval).toEqual({ request, people: [calls.first.person.id, calls.second.person.id] });
  expect((await calls.services.posture.read()).routes[0]?.active).toBe('backup');
});

test('a signature over something else is refused and not stored', async () => {
  const request = await calls.request();
  const other = await calls.request();
  const input = { ...(await signed(other, calls.first)), request };
  expect(await codeOf(calls.governance('approve', input, calls.first))).toBe('APPROVAL_SIGNATURE_INVALID');
  expect((await calls.services.approvals.find(request))?.signatures).toEqual([]);
});
