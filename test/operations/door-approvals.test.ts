import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ElulmcError } from '../../src/core/errors.ts';
import { newId } from '../../src/core/ids.ts';
import { openDoor } from '../../src/operations/door.ts';
import type { Door } from '../../src/operations/door.ts';
import type { OperationDeclaration } from '../../src/operations/declaration.ts';
import { approvalOperations } from '../fixtures/approval-operations.ts';
import { defaultPolicy, memoryApprovals } from '../fixtures/memory-approvals.ts';
import { personWith } from '../fixtures/operation-services.ts';
import { signatory, signedBy } from '../services/approvals/approval-bench.ts';
import { DoorBench, callOf, codeOf } from './door-bench.ts';

let bench: DoorBench;

beforeEach(() => {
  bench = new DoorBench();
});

afterEach(() => {
  bench.services.remove();
});

function doorUnder(policy: ReturnType<typeof defaultPolicy>, changes: Partial<OperationDeclaration> = {}): Door {
  const services = { ...bench.services, approvals: memoryApprovals(bench.services.people, policy) };
  return openDoor({ catalogue: [bench.probe(changes)], services, log: bench.log, runs: bench.runs });
}

describe('what is missing', () => {
  test('says how many and the command that asks for exactly this', async () => {
    const input = { target: "it's", count: 3 };
    const promise = bench.door(bench.probe({ approvals: 2 })).call(callOf({ input }));
    await expect(promise).rejects.toThrow(
      `audits probe needs the approval of 2 other people; ask for it: elulmc governance request 'audits probe' --input '{"target":"it'\\''s","count":3}' --reason REASON`,
    );
  });

  test('what the caller asks for beside the policy stands in the command too', async () => {
    await expect(bench.door(bench.probe()).call(callOf({ leastApprovals: 1 }))).rejects.toThrow(
      "needs the approval of 1 other person; ask for it: elulmc governance request 'audits probe' --approvals 1 --reason REASON",
    );
  });

  test('neither secrets nor people of the input reach the ledger; secrets not even the caller', async () => {
    const input = { who: 'Ada "Countess" Lovelace', password: 'open sesame' };
    const error = (await bench
      .door(bench.probe({ approvals: 1 }))
      .call(callOf({ input }))
      .catch((thrown: unknown) => thrown)) as ElulmcError;
    expect(error.message).toContain('Countess');
    expect(error.message).not.toContain('sesame');
    expect(JSON.stringify(bench.log.entries)).not.toMatch(/Countess|sesame/);
  });

  test.each<[string, Partial<OperationDeclaration>, ReturnType<typeof defaultPolicy>, string]>([
    ['the policy asks for more than the declaration', { approvals: 0 }, defaultPolicy({ change: 1 }), 'APPROVAL_MISSING'],
    ['the policy never lowers the declaration', { approvals: 1 }, defaultPolicy({ change: 0, operations: { 'audits probe': 0 } }), 'APPROVAL_MISSING'],
    ['a number for one operation takes the place of that of its risk', {}, defaultPolicy({ change: 3, operations: { 'audits probe': 0 } }), 'done'],
    ['an emergency never waits', { effectFirst: true, approvals: 2 }, defaultPolicy({ change: 9 }), 'done'],
    ['approving never needs an approval', { partOfApproving: true }, defaultPolicy({ change: 9 }), 'done'],
  ])('%s', async (_what, changes, policy, expected) => {
    const promise = doorUnder(policy, changes).call(callOf());
    if (expected === 'done') await promise;
    else expect(await codeOf(promise)).toBe(expected);
  });

  test('a dry run needs none, and says how many the call will need', async () => {
    const report = await bench.door(bench.probe({ approvals: 2 })).call(callOf({ dryRun: true }));
    expect(report.plan.notes.at(-1)).toBe('it needs the approval of 2 other people');
  });
});

describe('with an approval', () => {
  async function approved(changes: Partial<OperationDeclaration> = {}) {
    const probe = bench.probe({ approvals: 1, ...changes });
    const door = bench.door(...approvalOperations, probe);
    const requester = personWith('operator');
    const asked = await door.call(callOf({ room: 'governance', name: 'request', input: { operation: 'audits probe', reason: 'a test' }, actor: requester }));
    const { request, digest } = asked.output as { request: string; digest: string };
    const found = await bench.services.approvals.find(request);
    if (found === undefined) throw new Error('the request was not stored');
    const approver = await signatory(bench.services.people, 'approver');
    await signedBy(bench.services.approvals, found, approver);
    bench.events.length = 0;
    bench.log.entries.length = 0;
    return { door, requester, request, digest, approver };
  }

  test('both entries and the report name it', async () => {
    const { door, requester, request, digest, approver } = await approved();
    const report = await door.call(callOf({ actor: requester, approval: { request } }));
    expect(bench.events).toEqual(['plan', 'row', 'operation.intent open', 'perform', 'operation.done ok']);
    for (const entry of bench.log.entries) expect(entry).toMatchObject({ data: { approval: { request, digest, keyids: [approver.keyId] } } });
    expect(report.approval).toEqual({ request, people: [approver.person.id] });
  });

  test('a crash after the use does not lose it: the same call goes on', async () => {
    const { door, requester, request } = await approved();
    bench.log.fail();
    const call = callOf({ actor: requester, approval: { request }, runId: newId('run') });
    expect(await codeOf(door.call(call))).toBe('LEDGER_UNAVAILABLE');
    bench.log.mend();
    expect((await door.call(call)).approval?.request).toBe(request);
    expect(await codeOf(door.call({ ...call, runId: newId('run') }))).toBe('APPROVAL_USED');
  });

  test('what is secret was not signed, so it is not performed', async () => {
    const { door, requester, request } = await approved();
    expect(await codeOf(door.call(callOf({ actor: requester, approval: { request }, input: { password: 'open sesame' } })))).toBe('APPROVAL_OTHER_INPUT');
    expect(bench.events).not.toContain('perform');
  });

  test('a refused use leaves no open row', async () => {
    const { door, requester, request } = await approved();
    expect(await codeOf(door.call(callOf({ actor: requester, approval: { request }, input: { count: 2 } })))).toBe('APPROVAL_OTHER_INPUT');
    expect(await bench.runs.openRuns()).toEqual([]);
    await door.call(callOf({ actor: requester, approval: { request } }));
  });
});

describe('a read', () => {
  test('under an approval is made once, and its own run gets the same answer again', async () => {
    const probe = bench.probe({ approvals: 1, risk: 'read' });
    const door = bench.door(...approvalOperations, probe);
    const requester = personWith('operator');
    const asked = await door.call(callOf({ room: 'governance', name: 'request', input: { operation: 'audits probe', reason: 'a test' }, actor: requester }));
    const { request } = asked.output as { request: string };
    const found = await bench.services.approvals.find(request);
    if (found === undefined) throw new Error('the request was not stored');
    await signedBy(bench.services.approvals, found, await signatory(bench.services.people, 'approver'));
    bench.events.length = 0;
    const call = callOf({ actor: requester, approval: { request }, runId: newId('run') });
    const first = await door.call(call);
    expect(await door.call(call)).toEqual(first);
    expect(bench.events.filter((event) => event === 'perform')).toHaveLength(1);
  });

  test('under an approval needs its row', async () => {
    bench.runs.failure = new Error('gone');
    const call = callOf({ approval: { request: newId('apr') } });
    await expect(bench.door(bench.probe({ risk: 'read' })).call(call)).rejects.toThrow();
    expect(bench.events).not.toContain('perform');
    await bench.door(bench.probe({ risk: 'read' })).call(callOf({ runId: newId('run') }));
  });

  test('does not take the row of a change', async () => {
    const runId = newId('run');
    const change = bench.probe();
    const read = bench.probe({ name: 'look', risk: 'read' });
    const door = bench.door(change, read);
    const actor = personWith('operator');
    const report = await door.call(callOf({ actor, runId }));
    expect(await codeOf(door.call(callOf({ actor, name: 'look', runId })))).toBe('CONFLICT');
    expect(await door.call(callOf({ actor, runId }))).toEqual(report);
  });
});

describe('what a call touches is its own until it has ended', () => {
  function touching(effectFirst = false) {
    let version = 1;
    const gates: PromiseWithResolvers<undefined>[] = [];
    const probe = bench.probe({
      ...(effectFirst ? { effectFirst: true as const } : {}),
      plan: () => Promise.resolve({ changes: [`from ${String(version)}`], notes: [], touches: [{ object: 'route:demo', version: String(version) }] }),
      perform: async () => {
        const gate = Promise.withResolvers<undefined>();
        gates.push(gate);
        await gate.promise;
        version += 1;
        return { output: { done: true }, verdict: 'ok' as const, summary: 'Turned.' };
      },
    });
    return { door: bench.door(probe), gates };
  }

  test('the second call plans from what the first has left', async () => {
    const { door, gates } = touching();
    const said: string[] = [];
    const first = door.call(callOf());
    await expect.poll(() => gates.length).toBe(1);
    const second = door.call(callOf({ onProgress: (text) => void said.push(text) }));
    await expect.poll(() => said).toEqual(['waiting for another call that works on route:demo']);
    expect(gates).toHaveLength(1);
    gates[0]?.resolve(undefined);
    expect((await first).plan.changes).toEqual(['from 1']);
    await expect.poll(() => gates.length).toBe(2);
    gates[1]?.resolve(undefined);
    expect((await second).plan.changes).toEqual(['from 2']);
  });

  test('who waits can be interrupted, and what fails lets go', async () => {
    const { door, gates } = touching();
    const first = door.call(callOf());
    await expect.poll(() => gates.length).toBe(1);
    const controller = new AbortController();
    const second = door.call(callOf({ signal: controller.signal }));
    controller.abort(new Error('enough'));
    expect(await codeOf(second)).toBe('INTERRUPTED');
    gates[0]?.reject(new Error('it broke'));
    expect(await codeOf(first)).toBe('OPERATION_FAILED');
    const third = door.call(callOf());
    await expect.poll(() => gates.length).toBe(2);
    gates[1]?.resolve(undefined);
    await third;
  });

  test('an emergency waits for nobody', async () => {
    const { door, gates } = touching(true);
    const calls = [door.call(callOf()), door.call(callOf())];
    await expect.poll(() => gates.length).toBe(2);
    for (const gate of gates) gate.resolve(undefined);
    await Promise.all(calls);
  });
});

describe('break-glass', () => {
  const reason = 'INC-7, nobody else is awake';

  test('is recorded before the effect, in entries and as a task', async () => {
    const actor = personWith('security');
    let tasks = -1;
    const perform = () => {
      tasks = bench.services.breakGlass.uses.length;
      return Promise.resolve({ output: { done: true }, verdict: 'ok' as const, summary: 'Turned.' });
    };
    const report = await bench.door(bench.probe({ approvals: 2, perform })).call(callOf({ actor, breakGlass: reason }));
    expect(tasks).toBe(1);
    for (const entry of bench.log.entries) expect(entry).toMatchObject({ data: { breakGlass: { reason } } });
    expect(await bench.services.breakGlass.unreviewed()).toMatchObject([
      { runId: report.runId, operation: 'audits probe', actor: actor.id, reason, review: null },
    ]);
  });

  test.each<[string, Parameters<typeof callOf>[0], string]>([
    ['an operator', { actor: personWith('operator'), breakGlass: reason }, 'NOT_ALLOWED'],
    ['the system', { actor: { kind: 'system', id: 'system' }, breakGlass: reason }, 'NOT_ALLOWED'],
    ['a short reason', { actor: personWith('admin'), breakGlass: 'hurry    ' }, 'FIELD_INVALID'],
    ['a reason with a line break', { actor: personWith('admin'), breakGlass: 'INC-7\nall is well' }, 'FIELD_INVALID'],
  ])('%s: nothing is performed', async (_who, changes, code) => {
    expect(await codeOf(bench.door(bench.probe({ approvals: 2 })).call(callOf(changes)))).toBe(code);
    expect(bench.events).toEqual(['plan', 'operation.done refused'].map((event) => (code === 'FIELD_INVALID' ? event.replace('refused', 'failed') : event)));
    expect(bench.services.breakGlass.uses).toEqual([]);
  });

  test('is not repeated under a run that was reviewed: nobody would look at it again', async () => {
    const runId = newId('run');
    const door = bench.door(bench.probe({ approvals: 2, perform: () => Promise.reject(new Error('it broke')) }));
    const call = callOf({ actor: personWith('admin'), breakGlass: reason, runId });
    expect(await codeOf(door.call(call))).toBe('OPERATION_FAILED');
    await bench.services.breakGlass.review(runId, 'per_other', 'fine');
    expect(await codeOf(door.call(call))).toBe('CONFLICT');
  });

  test('that cannot be recorded is not performed', async () => {
    bench.services.breakGlass.record = () => Promise.reject(new Error('gone'));
    await expect(bench.door(bench.probe({ approvals: 2 })).call(callOf({ actor: personWith('admin'), breakGlass: reason }))).rejects.toThrow();
    expect(bench.events).not.toContain('perform');
    expect(await bench.runs.openRuns()).toEqual([]);
  });
});
