import { wallAt } from '../core/clock.ts';
import { ElulmcError } from '../core/errors.ts';
import { EXIT } from '../core/exit-codes.ts';
import type { RunChange } from '../services/runs/service.ts';
import type { AttemptRecord, RunDetails, RunRecord, RunRow, StepDetails, StepRow } from './run-model.ts';
import type { ResumeRequest } from './run-requests.ts';
import { stepRunId } from './step-run-id.ts';

type Resumed = RunChange<RunDetails, StepDetails, RunRow>;

/** What a resume makes of the rows: RUN_STATE when the run is in no state for it, so that of several at the same time one wins. */
export function resumed(record: RunRecord, { step: decision }: ResumeRequest, next: AttemptRecord): Resumed {
  const { run } = record;
  if (run.details.abort !== null) throw new ElulmcError('RUN_STATE', `${run.id} is being aborted`);
  if (run.state === 'failed') return resumeFailed(record, decision, next);
  switch (run.details.waitsFor?.kind) {
    case 'parameters':
      return decision === 'skip' ? goOn(run, skipped(waitingStep(record), next.actor)) : goOn(run, undefined);
    case 'decision': {
      const step = waitingStep(record);
      if (decision === undefined) throw new ElulmcError('STEP_INTERRUPTED', `${step.details.shown.text}: say whether it is to be repeated or skipped`);
      return goOn(run, decision === 'skip' ? skipped(step, next.actor) : afresh(run.id, step, true));
    }
    default:
      throw new ElulmcError('RUN_STATE', `${run.id} is ${run.state}; a run is resumed when it failed, or when it waits for parameters or a decision`);
  }
}

function waitingStep({ run, steps }: RunRecord): StepRow {
  const step = steps.find(({ details }) => details.shown.id === run.details.waitsFor?.step);
  if (step === undefined) throw new ElulmcError('RUN_STATE', `${run.id} waits for no step`);
  return step;
}

function goOn(run: RunRow, step: StepRow | undefined): Resumed {
  const going: RunRow = { ...run, state: 'running', details: { ...run.details, waitsFor: null } };
  return { run: going, steps: step === undefined ? [] : [step], answer: going };
}

function resumeFailed({ run, steps }: RunRecord, decision: ResumeRequest['step'], next: AttemptRecord): Resumed {
  const failed = steps.find(({ details }) => details.ends);
  if (failed === undefined) throw new ElulmcError('RUN_STATE', `no step of ${run.id} has failed`);
  if (decision === undefined && failed.details.shown.kind === 'process') {
    throw new ElulmcError('STEP_INTERRUPTED', `${failed.details.shown.text} is a process: say whether it is to be repeated or skipped`);
  }
  const step =
    decision === 'skip' ? skipped(failed, next.actor) : afresh(run.id, failed, failed.details.report !== null || failed.details.shown.kind !== 'command');
  const details: RunDetails = { ...run.details, waitsFor: null, exit: null, summary: '', record: next };
  const going: RunRow = { ...run, state: 'running', attempt: run.attempt + 1, endedAt: null, details };
  return { run: going, steps: [step], answer: going };
}

/**
 * The step once more. A call that failed keeps its run id: the door performs it again, and what it had applied is not applied twice.
 * One that was performed would only be told what came of it, so it gets another id.
 */
function afresh(runId: string, step: StepRow, withNewId: boolean): StepRow {
  const { shown, retries, startedAt } = step.details;
  const again = retries + 1;
  const nothing = { report: null, problem: null, approval: null, evidence: null, output: null, answer: null, process: null };
  const details: StepDetails = {
    ...step.details,
    ...nothing,
    exit: EXIT.ok,
    summary: '',
    startedAt,
    endedAt: null,
    ends: false,
    interrupted: false,
    retries: again,
  };
  const id = withNewId ? stepRunId(runId, `${shown.id} again ${String(again)}`) : details.runId;
  return { ...step, state: 'pending', details: { ...details, runId: id } };
}

function skipped(step: StepRow, by: string): StepRow {
  const { summary } = step.details;
  const before = summary === '' ? '' : ` Before: ${summary}`;
  const own = { exit: EXIT.ok, summary: `Skipped by ${by}.${before}`.slice(0, 1000), ends: false, interrupted: false, endedAt: wallAt() };
  return { ...step, state: 'skipped', details: { ...step.details, ...own } };
}
