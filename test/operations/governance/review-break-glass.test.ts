import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { newId } from '../../../src/core/ids.ts';
import { createBreakGlassService } from '../../../src/services/approvals/break-glass.ts';
import type { BreakGlassService } from '../../../src/services/approvals/break-glass.ts';
import { MemoryBreakGlass } from '../../fixtures/memory-approvals.ts';
import { LOCAL_USER, personWith } from '../../fixtures/operation-services.ts';
import { migratedDatabase } from '../../store/migrated-database.ts';
import type { TestDatabase } from '../../store/migrated-database.ts';
import { codeOf } from '../door-bench.ts';
import { ApprovalCalls } from './approval-calls.ts';

let calls: ApprovalCalls;
const user = personWith('security');

beforeEach(() => {
  calls = new ApprovalCalls();
});

afterEach(() => {
  calls.stop();
});

async function used(): Promise<string> {
  const call = { room: 'deployment', name: 'activate-backup', input: {}, actor: user, signal: new AbortController().signal, breakGlass: 'INC-7 at night' };
  return (await calls.door.call(call)).runId;
}

test('who may not review', async () => {
  const run = await used();
  expect(await codeOf(calls.governance('review-break-glass', { run, note: 'fine' }, user))).toBe('NOT_ALLOWED');
  expect(await codeOf(calls.governance('review-break-glass', { run, note: 'fine' }, personWith('operator')))).toBe('NOT_ALLOWED');
  expect(await codeOf(calls.governance('review-break-glass', { run, note: 'fine' }, LOCAL_USER))).toBe('NOT_SIGNED_IN');
  expect(await codeOf(calls.governance('review-break-glass', { run, note: '' }, personWith('approver')))).toBe('FIELD_INVALID');
  expect(await codeOf(calls.governance('review-break-glass', { run: newId('run'), note: 'fine' }, personWith('approver')))).toBe('NOT_FOUND');
  expect(await calls.services.breakGlass.unreviewed()).toHaveLength(1);
});

test('an administrator who used it does not review it either', async () => {
  const admin = personWith('admin');
  const call = { room: 'deployment', name: 'activate-backup', input: {}, actor: admin, signal: new AbortController().signal, breakGlass: 'INC-7 at night' };
  const { runId: run } = await calls.door.call(call);
  const promise = calls.governance('review-break-glass', { run, note: 'fine' }, admin);
  await expect(promise).rejects.toThrow('who broke the glass does not review it');
});

test('another person ends the task', async () => {
  const run = await used();
  const approver = personWith('approver');
  const report = await calls.governance('review-break-glass', { run, note: 'justified' }, approver);
  expect(report.output).toEqual({
    run,
    operation: 'deployment activate-backup',
    actor: user.id,
    reason: 'INC-7 at night',
    reviewedBy: approver.id,
    note: 'justified',
  });
  expect(await calls.services.breakGlass.unreviewed()).toEqual([]);
  expect(await codeOf(calls.governance('review-break-glass', { run, note: 'me too' }, personWith('admin')))).toBe('CONFLICT');
});

describe('records', () => {
  let store: TestDatabase;
  beforeAll(async () => {
    store = await migratedDatabase();
  }, 240_000);
  afterAll(async () => {
    await store.drop();
  });

  test.each<[string, () => BreakGlassService]>([
    ['in the database', () => createBreakGlassService(store.database)],
    ['in memory', () => new MemoryBreakGlass()],
  ])('%s: a run once, a review once, by another person', async (_where, make) => {
    const service = make();
    const use = { runId: newId('run'), operation: 'deployment activate-backup', actor: 'per_a', reason: 'INC-7 at night' };
    await service.record(use);
    await service.record({ ...use, reason: 'something else' });
    expect(await service.unreviewed()).toMatchObject([{ ...use, review: null }]);
    expect(await codeOf(service.review(use.runId, 'per_a', 'fine'))).toBe('NOT_ALLOWED');
    expect(await codeOf(service.review(newId('run'), 'per_b', 'fine'))).toBe('NOT_FOUND');
    expect((await service.review(use.runId, 'per_b', 'fine')).review).toMatchObject({ by: 'per_b', note: 'fine' });
    expect((await service.review(use.runId, 'per_b', 'changed')).review?.note).toBe('fine');
    expect(await codeOf(service.review(use.runId, 'per_c', 'fine'))).toBe('CONFLICT');
    expect(await service.unreviewed()).toEqual([]);
    expect(await codeOf(service.record(use))).toBe('CONFLICT');
  });
});
