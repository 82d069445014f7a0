import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { catalogue } from '../../../src/operations/catalogue.ts';
import { openDoor } from '../../../src/operations/door.ts';
import type { Door } from '../../../src/operations/door.ts';
import { changeReview } from '../../../src/operations/governance/change-review.ts';
import type { Actor } from '../../../src/services/people/service.ts';
import { MemoryLedger } from '../../fixtures/memory-ledger.ts';
import { MemoryOperationRuns } from '../../fixtures/memory-operation-runs.ts';
import { LOCAL_USER, memoryServices, personWith } from '../../fixtures/operation-services.ts';
import type { MemoryServices } from '../../fixtures/operation-services.ts';

let services: MemoryServices;
let log: MemoryLedger;
let runs: MemoryOperationRuns;
let door: Door;
let change: string;
const REQUESTER = personWith('security');
const REVIEWER = personWith('security');

beforeEach(async () => {
  services = memoryServices();
  log = new MemoryLedger();
  runs = new MemoryOperationRuns();
  door = openDoor({ catalogue, services, log, runs });
  const words = { title: 't', description: '', risk: 'change', systems: [], operation: null, planSha256: null, changes: [], rollback: 'r' } as const;
  change = (await services.changes.submit({ ...words, requester: REQUESTER.id }, 'run_1')).id;
});

afterEach(() => {
  services.remove();
});

function review(input: object, actor: Actor = REVIEWER, runId?: string) {
  return door.call({ room: 'governance', name: 'change-review', input: { change, ...input }, actor, runId, signal: new AbortController().signal });
}

describe('who and what is refused, and decides nothing', () => {
  test.each<[string, object, string]>([
    ['no decision', {}, 'decision'],
    ['half a decision', { decision: 'maybe' }, 'decision'],
    ['no change', { decision: 'approved', change: 'chg_1' }, 'change'],
    ['a refusal without a reason', { decision: 'declined', note: ' ' }, 'note'],
  ])('%s', async (_what, input, field) => {
    await expect(review(input)).rejects.toMatchObject({ code: 'FIELD_INVALID', field });
  });

  test.each<[string, Actor, string]>([
    ['the requester', REQUESTER, 'NOT_ALLOWED'],
    ['an operator', personWith('operator'), 'NOT_ALLOWED'],
    ['an approver, who signs plans', personWith('approver'), 'NOT_ALLOWED'],
    ['the program itself', { kind: 'system', id: 'system' }, 'NOT_ALLOWED'],
    ['somebody who has not signed in', LOCAL_USER, 'NOT_SIGNED_IN'],
  ])('%s', async (_who, actor, code) => {
    await expect(review({ decision: 'approved' }, actor)).rejects.toMatchObject({ code });
  });

  test('a change that is not there', async () => {
    await expect(review({ change: 'chg_01jd0000000000000000000000', decision: 'approved' })).rejects.toMatchObject({ code: 'NOT_FOUND', field: 'change' });
  });

  afterEach(async () => {
    expect(await services.changes.find(change)).toMatchObject({ state: 'submitted', review: null });
  });
});

test('the refusal of the requester says why', async () => {
  await expect(review({ decision: 'approved' }, REQUESTER)).rejects.toThrow(`${change} is your own change: another person reviews it`);
});

test.each([
  ['approved', ''],
  ['declined', 'Alice would have to stay up'],
] as const)('%s, once', async (decision, note) => {
  const report = await review({ decision, note });
  expect(await services.changes.find(change)).toMatchObject({ state: decision, review: { by: REVIEWER.id, decision, note } });
  expect(changeReview.output.parse(report.output)).toEqual(report.output);
  await expect(review({ decision, note }, personWith('admin'))).rejects.toMatchObject({ code: 'CONFLICT' });
  await expect(review({ decision: decision === 'approved' ? 'declined' : 'approved', note: 'no' })).rejects.toMatchObject({ code: 'CONFLICT' });
  expect(await services.changes.find(change)).toMatchObject({ state: decision });
  expect(JSON.stringify(log.entries)).not.toContain('Alice');
});

test('repeating the call after a crash changes nothing', async () => {
  const runId = 'run_01jd0000000000000000000000';
  const first = await review({ decision: 'approved' }, REVIEWER, runId);
  runs.rows.clear();
  expect((await review({ decision: 'approved' }, REVIEWER, runId)).output).toEqual(first.output);
});
