import type { OperationReport } from '../../src/operations/report.ts';
import type { RunView, StepView } from '../../src/runbook/run-view.ts';

const AT = '2026-01-01T00:00:00.000Z';

/** A step of an operation that has succeeded, with everything a test does not care about filled in. */
export function stepView(changes: Partial<StepView> = {}): StepView {
  return {
    id: 'stp_0000000000000001',
    kind: 'command',
    name: null,
    text: './audits/check_logs.sh',
    line: 4,
    operation: 'audits check-logs',
    index: 0,
    state: 'succeeded',
    exit: 0,
    summary: 'All is well.',
    runId: 'run_step',
    startedAt: AT,
    endedAt: AT,
    report: null,
    problem: null,
    approval: null,
    evidence: null,
    output: null,
    undone: null,
    ...changes,
  };
}

export function runView(changes: Partial<RunView> = {}): RunView {
  return {
    id: 'run_test',
    runbook: 'Book',
    section: '/',
    documentSha256: 'ab'.repeat(32),
    actor: 'per_a',
    origin: 'request',
    change: null,
    state: 'succeeded',
    waitsFor: null,
    exit: 0,
    summary: 'All 1 steps were gone through.',
    attempt: 1,
    openedAt: AT,
    endedAt: AT,
    steps: [stepView()],
    ...changes,
  };
}

/** What the door says about a call. */
export function reportOf(changes: Partial<OperationReport> = {}): OperationReport {
  return {
    operation: 'audits check-logs',
    runId: 'run_step',
    verdict: 'ok',
    exit: 0,
    dryRun: false,
    plan: { changes: [], notes: [] },
    planSha256: 'cd'.repeat(32),
    output: {},
    summary: 'All is well.',
    startedAt: AT,
    tookMs: 1,
    recorded: 'ledger',
    approval: null,
    entries: { intent: null, done: null },
    ...changes,
  };
}
