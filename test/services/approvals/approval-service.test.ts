import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { wallMs } from '../../../src/core/clock.ts';
import { newId } from '../../../src/core/ids.ts';
import type { ApprovalService } from '../../../src/services/approvals/service.ts';
import { createPeopleService } from '../../../src/services/people/people-service.ts';
import type { PeopleService } from '../../../src/services/people/service.ts';
import { MemoryApprovalRecords, defaultPolicy, memoryApprovals } from '../../fixtures/memory-approvals.ts';
import { MemoryPeople } from '../../fixtures/memory-people.ts';
import { codeOf } from '../../operations/door-bench.ts';
import { migratedDatabase } from '../../store/migrated-database.ts';
import type { TestDatabase } from '../../store/migrated-database.ts';
import { approvalsOn, effectOf, requested, signatory, signatureOf, signedBy } from './approval-bench.ts';
import type { Signatory } from './approval-bench.ts';

let store: TestDatabase;
beforeAll(async () => {
  store = await migratedDatabase();
}, 240_000);
afterAll(async () => {
  await store.drop();
});

const policy = defaultPolicy({ change: 2 });

describe.each<[string, () => { approvals: ApprovalService; people: PeopleService }]>([
  ['in the database', () => ({ approvals: approvalsOn(store.database, { policy }), people: createPeopleService(store.database) })],
  [
    'in memory',
    () => {
      const people = new MemoryPeople();
      return { approvals: memoryApprovals(people, policy), people };
    },
  ],
])('%s', (_where, make) => {
  let approvals: ApprovalService;
  let people: PeopleService;
  let requester: Signatory;
  let first: Signatory;
  let second: Signatory;

  beforeEach(async () => {
    ({ approvals, people } = make());
    requester = await signatory(people, 'operator');
    first = await signatory(people, 'approver', 'First');
    second = await signatory(people, 'approver', 'Second');
  });

  test('two people sign, the approval is used once, and by its own run again', async () => {
    const effect = effectOf(approvals, { actor: requester.person.id });
    const request = await requested(approvals, requester.person.id, effect);
    expect(request).toMatchObject({ state: 'open', signatures: [], statement: { policy: { required: 2 } } });
    expect((await signedBy(approvals, request, first)).state).toBe('open');
    expect(approvals.tokenOf(await approvals.find(request.id).then((found) => found ?? request))).toBeUndefined();
    const signed = await signedBy(approvals, request, second);
    expect(signed.state).toBe('approved');
    const used = await approvals.use({ token: approvals.tokenOf(signed) ?? '' }, effect);
    expect(used).toMatchObject({ state: 'used', usedBy: effect.runId });
    expect(used.signatures.map(({ person }) => person).sort()).toEqual([first.person.id, second.person.id].sort());
    expect((await approvals.use({ request: request.id }, effect)).usedBy).toBe(effect.runId);
    expect(await codeOf(approvals.use({ request: request.id }, { ...effect, runId: newId('run') }))).toBe('APPROVAL_USED');
  });

  test('one signature is not two, and repeating one changes nothing', async () => {
    const effect = effectOf(approvals);
    const request = await requested(approvals, requester.person.id, effect);
    await signedBy(approvals, request, first);
    expect((await signedBy(approvals, request, first)).signatures).toHaveLength(1);
    expect(await codeOf(approvals.use({ request: request.id }, effect))).toBe('APPROVAL_MISSING');
  });

  test('a call that was interrupted after it had begun may end; another plan may not', async () => {
    const effect = effectOf(approvals);
    const request = await signedBy(approvals, await requested(approvals, requester.person.id, effect), first, second);
    await approvals.use({ request: request.id }, effect);
    const rest = { ...effect, changes: ['tell it'], touches: [] };
    await approvals.use({ request: request.id }, rest);
    await approvals.use({ request: request.id }, { ...rest, changes: [] });
    expect(await codeOf(approvals.use({ request: request.id }, { ...rest, changes: ['something else'] }))).toBe('APPROVAL_OTHER_PLAN');
    const moved = { ...effect, changes: ['tell it'], touches: [{ object: 'route:demo', version: 'v2' }] };
    expect(await codeOf(approvals.use({ request: request.id }, moved))).toBe('APPROVAL_OTHER_PLAN');
  });

  test('less of the plan is another plan for a call that has not begun', async () => {
    const effect = effectOf(approvals);
    const request = await signedBy(approvals, await requested(approvals, requester.person.id, effect), first, second);
    expect(await codeOf(approvals.use({ request: request.id }, { ...effect, changes: ['tell it'] }))).toBe('APPROVAL_OTHER_PLAN');
  });

  test('of two calls at the same time one gets it', async () => {
    const effect = effectOf(approvals);
    const request = await signedBy(approvals, await requested(approvals, requester.person.id, effect), first, second);
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => approvals.use({ request: request.id }, { ...effect, runId: newId('run') })));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  test('a declined request can neither be signed nor used, and says by whom', async () => {
    const effect = effectOf(approvals);
    const request = await signedBy(approvals, await requested(approvals, requester.person.id, effect), first, second);
    expect(await approvals.decline(request.id, second.person.id, 'not today')).toMatchObject({ state: 'declined', declined: { reason: 'not today' } });
    expect(await codeOf(approvals.use({ request: request.id }, effect))).toBe('APPROVAL_DECLINED');
    expect(await codeOf(signedBy(approvals, request, first))).toBe('APPROVAL_DECLINED');
  });

  test('the same call makes one request', async () => {
    const { runId, actor: _actor, ...effect } = effectOf(approvals);
    const open = () => approvals.open({ runId, requester: requester.person.id, effect, reason: 'because', ref: null });
    expect((await open()).id).toBe((await open()).id);
  });

  test('listeners hear of decisions', async () => {
    const heard: string[] = [];
    const stop = approvals.onDecided(({ id, state }) => heard.push(`${id} ${state}`));
    const effect = effectOf(approvals);
    const request = await signedBy(approvals, await requested(approvals, requester.person.id, effect), first, second);
    const other = await requested(approvals, requester.person.id, effect);
    await approvals.decline(other.id, first.person.id, 'no');
    expect(heard).toEqual([`${request.id} approved`, `${other.id} declined`]);
    stop();
  });

  test('lists by state, newest first', async () => {
    const effect = effectOf(approvals);
    const open = await requested(approvals, requester.person.id, effect);
    await expect.poll(() => wallMs()).toBeGreaterThan(Date.parse(open.createdAt));
    const signed = await signedBy(approvals, await requested(approvals, requester.person.id, effect), first, second);
    const listed = await approvals.list({ states: ['open', 'approved'], limit: 2 });
    expect(listed.map(({ id }) => id)).toEqual([signed.id, open.id]);
    expect((await approvals.list({ states: ['used'], limit: 100 })).map(({ id }) => id)).not.toContain(signed.id);
  });

  test('characters that databases refuse in JSON do no harm', async () => {
    const effect = effectOf(approvals, { input: { model: 'a\u0000b\ud800' } });
    const request = await requested(approvals, requester.person.id, effect);
    expect((await approvals.list({ states: ['open'], limit: 1 })).map(({ statement }) => statement.input)).toEqual([effect.input]);
    await approvals.use({ request: (await signedBy(approvals, request, first, second)).id }, effect);
  });

  test('nobody asks for longer than the policy allows', async () => {
    const promise = requested(approvals, requester.person.id, effectOf(approvals), { validForMs: policy.validFor + 1 });
    await expect(promise).rejects.toThrow('expiresIn: is longer than approvals.validFor');
  });

  test('who may not sign', async () => {
    const request = await requested(approvals, first.person.id, effectOf(approvals));
    const viewer = await signatory(people, 'viewer');
    expect(await codeOf(signedBy(approvals, request, first))).toBe('APPROVAL_BY_REQUESTER');
    expect(await codeOf(signedBy(approvals, request, viewer))).toBe('APPROVER_REMOVED');
    expect(await codeOf(approvals.sign(request.id, viewer.person.id, signatureOf(request.payload, second)))).toBe('APPROVAL_KEY_UNKNOWN');
    expect(await codeOf(approvals.sign(request.id, second.person.id, signatureOf(`${request.payload} `, second)))).toBe('APPROVAL_SIGNATURE_INVALID');
    expect(await codeOf(approvals.sign(request.id, second.person.id, { keyId: second.keyId, text: 'not a signature!' }))).toBe('APPROVAL_SIGNATURE_INVALID');
    expect(await codeOf(approvals.sign(newId('apr'), second.person.id, signatureOf(request.payload, second)))).toBe('APPROVAL_UNKNOWN');
    expect((await approvals.find(request.id))?.signatures).toEqual([]);
  });
});

describe('clocks', () => {
  async function approvedRequest(approvals: ApprovalService, validForMs: number) {
    const people = createPeopleService(store.database);
    const by = await signatory(people, 'approver');
    const effect = effectOf(approvals);
    const request = await requested(approvals, 'per_requester', effect, { validForMs });
    return { effect, by, request };
  }

  test('a machine whose clock stands still does not keep an approval alive: the database has its own', async () => {
    let nowMs = wallMs();
    const approvals = approvalsOn(store.database, { now: () => nowMs });
    const { effect, by, request } = await approvedRequest(approvals, 60_000);
    await signedBy(approvals, request, by);
    nowMs -= 3_600_000;
    const early = await requested(approvals, 'per_requester', effect, { validForMs: 60_000 });
    expect(await codeOf(signedBy(approvals, early, by))).toBe('APPROVAL_EXPIRED');
    await approvals.use({ request: request.id }, effect);
  });

  test('a clock that jumps forward expires it, and jumping back revives nothing', async () => {
    let nowMs = wallMs();
    const approvals = approvalsOn(store.database, { now: () => nowMs });
    const { effect, by, request } = await approvedRequest(approvals, 3_600_000);
    await signedBy(approvals, request, by);
    nowMs += 7_200_000;
    expect(await codeOf(approvals.use({ request: request.id }, effect))).toBe('APPROVAL_EXPIRED');
    nowMs -= 7_200_000;
    expect(await codeOf(approvals.use({ request: request.id }, effect))).toBe('APPROVAL_EXPIRED');
    expect((await approvals.find(request.id))?.state).toBe('expired');
  });
});

test('the loser of a race is told whether the winner is still at it', async () => {
  const people = new MemoryPeople();
  const records = new MemoryApprovalRecords(people);
  const approvals = memoryApprovals(people, defaultPolicy({ change: 1 }), records);
  const effect = effectOf(approvals);
  const request = await signedBy(approvals, await requested(approvals, 'per_requester', effect), await signatory(people, 'approver'));
  await approvals.use({ request: request.id }, effect);
  records.openRuns.add(effect.runId);
  expect(await codeOf(approvals.use({ request: request.id }, { ...effect, runId: newId('run') }))).toBe('APPROVAL_IN_USE');
  records.openRuns.clear();
  expect(await codeOf(approvals.use({ request: request.id }, { ...effect, runId: newId('run') }))).toBe('APPROVAL_USED');
});
