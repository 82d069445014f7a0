import { describe, expect, test } from 'vitest';
import type { LedgerEntry } from '../../src/ledger/entry.ts';
import type { RunView, StepView } from '../../src/runbook/run-view.ts';
import { APPROVED, CHANGE_REQUEST, CONFIRMATIONS, POSTURE_CHANGES, PROCESSES, STEPS } from './chaos-runbook.ts';
import { violationsOf } from './verdict.ts';
import type { Facts } from './verdict.ts';

const RUN = 'run_a';

function stepOf(index: number): StepView {
  return {
    ...{
      id: `s${String(index)}`,
      kind: 'command',
      name: null,
      text: `step ${String(index)}`,
      line: index,
      operation: null,
      index,
      state: 'succeeded',
      exit: 0,
    },
    ...{ summary: '', runId: `${RUN}.${String(index)}`, startedAt: null, endedAt: `2026-01-01T00:00:${String(10 + index)}.000Z` },
    ...{ report: null, problem: null, approval: null, output: null, undone: null },
    evidence: CONFIRMATIONS.includes(index) ? { by: 'per_a', note: '', file: { name: 'f', sha256: '', bytes: 1 } } : null,
  };
}

const VIEW: RunView = {
  ...{ id: RUN, runbook: '', section: '', documentSha256: '', actor: 'per_a', origin: 'request', change: null, state: 'succeeded', waitsFor: null, exit: 0 },
  ...{ summary: '', attempt: 1, openedAt: '', endedAt: '' },
  steps: Array.from({ length: STEPS }, (_, index) => stepOf(index)),
};

function result(id: string, outcome = 'ok', data: LedgerEntry['data'] = {}): LedgerEntry {
  return { v: 1, kind: 'operation.done', id, at: '', actor: 'per_a', action: '', target: '', outcome, ref: null, data };
}

/** What a run leaves that nobody has interrupted. */
function untouched(): Facts {
  const { steps } = VIEW;
  return {
    runs: [{ view: VIEW, decisions: [], marks: Object.fromEntries(PROCESSES.map((index) => [index, 1])) }],
    logs: [[result(RUN), ...steps.map(({ runId }) => result(runId))], []],
    postureChanges: Object.entries(POSTURE_CHANGES).map(([index, change]) => ({ runId: `${RUN}.${index}`, change })),
    keyNames: [RUN],
    changeRequests: [{ runId: `${RUN}.${String(CHANGE_REQUEST)}`, title: RUN }],
    approvals: APPROVED.map((index) => ({ ref: RUN, usedBy: `${RUN}.${String(index)}`, people: 2 })),
    openRows: [],
    openRuns: [],
    leftOver: [],
    sessionGeneration: 2,
  };
}

function withStep(facts: Facts, index: number, change: Partial<StepView>, decisions: Facts['runs'][number]['decisions'] = []): Facts {
  const steps = VIEW.steps.map((step) => (step.index === index ? { ...step, ...change } : step));
  return { ...facts, runs: facts.runs.map((run) => ({ ...run, decisions, view: { ...VIEW, steps } })) };
}

function withMarks(facts: Facts, lines: number): Facts {
  return { ...facts, runs: facts.runs.map((run) => ({ ...run, marks: { ...run.marks, 5: lines } })) };
}

function alsoInFirst(facts: Facts, ...entries: readonly LedgerEntry[]): Facts {
  return { ...facts, logs: [[...(facts.logs[0] ?? []), ...entries], []] };
}

function alsoInSecond(facts: Facts, ...entries: readonly LedgerEntry[]): Facts {
  return { ...facts, logs: [facts.logs[0] ?? [], entries] };
}

const ISOLATE = `${RUN}.2`;

/** Each is one thing that must never come of a kill, and what is said about it. */
const DOCTORED: readonly (readonly [what: string, doctor: (facts: Facts) => Facts, said: RegExp])[] = [
  ['a run that failed', (facts) => ({ ...facts, runs: facts.runs.map((run) => ({ ...run, view: { ...VIEW, state: 'failed' } })) }), /ended failed/],
  [
    'a step that is missing',
    (facts) => ({ ...facts, runs: facts.runs.map((run) => ({ ...run, view: { ...VIEW, steps: VIEW.steps.slice(1) } })) }),
    /has 11 steps/,
  ],
  ['a step that was left out and nobody decided it', (facts) => withStep(facts, 1, { state: 'skipped' }), /step 2 .*skipped/],
  ['a step out of order', (facts) => withStep(facts, 4, { endedAt: '2026-01-01T00:00:00.000Z' }), /in their order/],
  ['lost evidence', (facts) => withStep(facts, 7, { evidence: { by: 'per_a', note: '', file: null } }), /lost its evidence/],
  ['a process that had no effect', (facts) => withMarks(facts, 0), /effect 0 times/],
  ['a process that had its effect twice', (facts) => withMarks(facts, 2), /effect 2 times/],
  ['an effect that is missing', (facts) => ({ ...facts, postureChanges: facts.postureChanges.slice(1) }), /by \[\], not by \[isolate\]/],
  [
    'an effect under another run id',
    (facts) => ({ ...facts, postureChanges: [...facts.postureChanges, { runId: 'run_b', change: 'lift' }] }),
    /lift 2 times, not 1/,
  ],
  ['a session generation too many', (facts) => ({ ...facts, sessionGeneration: 3 }), /3 session generations, not 2/],
  ['two keys', (facts) => ({ ...facts, keyNames: [RUN, RUN] }), /issued 2 keys/],
  ['no change request', (facts) => ({ ...facts, changeRequests: [] }), /asked for 0 changes/],
  [
    'an approval that was not used',
    (facts) => ({ ...facts, approvals: facts.approvals.map((each) => ({ ...each, usedBy: null })) }),
    /step 4 used 0 approvals/,
  ],
  ['an approval with one signature', (facts) => ({ ...facts, approvals: facts.approvals.map((each) => ({ ...each, people: 1 })) }), /has 1 signatures/],
  ['one approval too many', (facts) => ({ ...facts, approvals: [...facts.approvals, { ref: RUN, usedBy: null, people: 2 }] }), /asked for 3 approvals/],
  ['no result of a step', (facts) => ({ ...facts, logs: facts.logs.map((log) => log.filter(({ id }) => id !== ISOLATE)) }), /run_a\.2 has no result/],
  ['no result of the run', (facts) => ({ ...facts, logs: facts.logs.map((log) => log.filter(({ id }) => id !== RUN)) }), /run_a has no result/],
  ['a success twice in one log', (facts) => alsoInFirst(facts, result(ISOLATE)), /more than once in one log: 2, 0/],
  ['a success in both logs, and none says why', (facts) => alsoInSecond(facts, result(ISOLATE)), /succeeded in 2 logs/],
  ['a failure', (facts) => alsoInFirst(facts, result(ISOLATE, 'failed', { code: 'DATABASE_UNAVAILABLE' })), /has the result failed/],
  ['an operation left open', (facts) => ({ ...facts, openRows: ['run_b'] }), /operation run run_b was left open/],
  ['a run left open', (facts) => ({ ...facts, openRuns: ['run_b'] }), /run run_b was left open/],
  ['something left isolated', (facts) => ({ ...facts, leftOver: ['the isolation of primary-0'] }), /isolation of primary-0/],
];

describe('the verdict on a chaos run', () => {
  test.each(DOCTORED)('names %s', (_what, doctor, said) => {
    expect(violationsOf(doctor(untouched()))).toContainEqual(expect.stringMatching(said));
  });

  test('has nothing against a run that nobody interrupted', () => {
    expect(violationsOf(untouched())).toEqual([]);
  });

  test('has nothing against what an interruption may leave', () => {
    const interrupted = alsoInFirst(untouched(), result(ISOLATE, 'interrupted'), result(`${RUN}.3`, 'refused', { code: 'APPROVAL_MISSING' }));
    expect(violationsOf(interrupted)).toEqual([]);
    expect(violationsOf(withStep(interrupted, 1, { state: 'skipped' }, [{ index: 1, step: 'skip' }]))).toEqual([]);
    const adopted = alsoInSecond(untouched(), result(ISOLATE, 'interrupted', { begunIn: 'control-north' }), result(ISOLATE));
    expect(violationsOf(adopted)).toEqual([]);
  });
});
