import { sleep, wallAt } from '../core/clock.ts';
import { asElulmcError, ElulmcError } from '../core/errors.ts';
import { EXIT } from '../core/exit-codes.ts';
import type { EngineBody } from '../services/runs/service.ts';
import { performCommand } from './run-command.ts';
import { nextStep } from './run-model.ts';
import type { RunRecord } from './run-model.ts';
import { failed, runEnd } from './run-outcome.ts';
import { preparedOf } from './run-parts.ts';
import type { LiveRuns, RunParts } from './run-parts.ts';
import { performPerson } from './run-person.ts';
import { performProcess } from './run-process-step.ts';
import type { RunRecorder } from './run-record.ts';
import { changeStep, ENDED, GO_ON, MovedOn } from './run-steps.ts';
import type { Directive, StepWork } from './run-steps.ts';
import { performAbort } from './run-undo.ts';
import type { RunViewers } from './run-viewers.ts';

export interface AdvanceParts {
  readonly parts: RunParts;
  readonly live: LiveRuns;
  readonly recorder: RunRecorder;
  readonly viewers: RunViewers;
  readonly stopping: AbortSignal;
  /** What is being performed now. */
  readonly busy: Set<Promise<unknown>>;
}

const LONG_SECONDS = 3_600;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;
/** After so many silent answers of the database to one step, while it answers to everything else, the step has failed. */
const PATIENCE = 10;

/** Workflows are named after the run and the attempt. */
export function workflowId(runId: string, attempt: number): string {
  return `${runId}.${String(attempt)}`;
}

/** Nothing of this process counts any more: what waits for it is left alone, so that the engine remembers nothing of it. */
function never(): Promise<never> {
  return new Promise(() => undefined);
}

/**
 * Does what is due next in a run, as its rows say, and says what the engine does then. Whatever a kill interrupts here is done again by
 * the next start: every change of a row is one transaction that looks at the row first.
 */
async function advance(tools: AdvanceParts, runId: string, attempt: number): Promise<Directive> {
  const { parts, recorder } = tools;
  const record = await parts.store.find(runId);
  if (record?.run.attempt !== attempt || record.run.endedAt !== null) return ENDED;
  const { details } = record.run;
  const live = tools.live.of(runId);
  if (details.abort !== null) {
    const forget = (): void => {
      tools.live.forget(runId);
    };
    return performAbort({ ...tools, live, record, prepared: () => preparedOf(parts, live, record), forget }, details.abort);
  }
  void recorder.startIntent(record, details.record);
  const step = nextStep(record);
  if (step === undefined) return endRun(tools, record);
  if (step.details.interrupted) return { next: 'wait', seconds: LONG_SECONDS };
  const prepared = (await preparedOf(parts, live, record)).steps[step.index];
  if (prepared === undefined) throw new ElulmcError('INTERNAL', `the run has no step ${String(step.index)}`);
  const work: StepWork = { ...tools, live, record, step, prepared };
  if (prepared.command !== null) return performCommand(work, prepared.command);
  return prepared.words === null ? performPerson(work) : performProcess(work, prepared.words);
}

async function endRun({ parts, recorder, live, viewers }: AdvanceParts, record: RunRecord): Promise<Directive> {
  const { id, attempt, openedAt, details } = record.run;
  const { state, exit, summary } = runEnd(record);
  const endedAt = wallAt();
  const tookMs = Math.max(0, Date.parse(endedAt) - Date.parse(openedAt));
  const outcome = state === 'succeeded' ? 'ok' : exit === EXIT.interrupted ? 'cancelled' : 'failed';
  await recorder.end(record, details.record, { outcome, summary, tookMs });
  const ended = await parts.store.change(id, null, ({ run }) => {
    // An abort that came meanwhile is carried out first.
    if (run.attempt !== attempt || run.endedAt !== null || run.details.abort !== null) return { answer: false };
    const left = { ...run.details, waitsFor: null, exit, summary, record: { ...run.details.record, ended: true } };
    return { run: { ...run, state, endedAt, details: left }, answer: true };
  });
  if (!ended) return GO_ON;
  live.forget(id);
  viewers.changed(id);
  return ENDED;
}

/** A step that cannot be performed for a reason of its own; the run says why and can be resumed. */
async function failStep(tools: AdvanceParts, runId: string, attempt: number, error: ElulmcError): Promise<Directive> {
  const record = await tools.parts.store.find(runId);
  if (record?.run.attempt !== attempt || record.run.endedAt !== null) return ENDED;
  const step = nextStep(record);
  if (step === undefined || record.run.details.abort !== null) throw error;
  const { state, ...details } = failed(error, false);
  await changeStep({ ...tools, record, step }, { state, step: { ...details, endedAt: wallAt() } });
  return GO_ON;
}

/** One try, noted while it lasts so that a control plane that stops can wait for it. */
async function attemptOnce(tools: AdvanceParts, runId: string, attempt: number): Promise<Directive> {
  const trying = advance(tools, runId, attempt);
  tools.busy.add(trying);
  try {
    return await trying;
  } finally {
    tools.busy.delete(trying);
  }
}

/** What a failed try means. Undefined: try again after a pause. */
async function afterFailure(tools: AdvanceParts, runId: string, attempt: number, error: ElulmcError, tries: number): Promise<Directive | undefined> {
  const { parts } = tools;
  try {
    if (error.code === 'DATABASE_UNAVAILABLE' && tries < PATIENCE) return undefined;
    if (error.code === 'INTERNAL') parts.onEvent(`run ${runId}: ${error.stack ?? error.message}`);
    return await failStep(tools, runId, attempt, error);
  } catch (again) {
    if (again instanceof MovedOn) return GO_ON;
    parts.onEvent(`run ${runId} waits for the database: ${asElulmcError(again).message}`);
    return undefined;
  }
}

/** Repeats while the database does not answer; leaves everything alone when another control plane leads or this one stops. */
async function advanceSurely(tools: AdvanceParts, runId: string, attempt: number): Promise<Directive> {
  const { parts, stopping } = tools;
  for (let tries = 1; ; tries++) {
    try {
      if (stopping.aborted) return await never();
      return await attemptOnce(tools, runId, attempt);
    } catch (thrown) {
      if (thrown instanceof MovedOn) return GO_ON;
      if (stopping.aborted) return never();
      const error = asElulmcError(thrown);
      if (error.code === 'LEADERSHIP_LOST') {
        parts.onLeadershipLost();
        return never();
      }
      const directive = await afterFailure(tools, runId, attempt, error, tries);
      if (directive !== undefined) return directive;
      // A database that answers to nothing says nothing about the step.
      if (!(await answers(parts, runId))) tries = 0;
    }
    await sleep(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(tries, 6)), stopping).catch(() => undefined);
  }
}

function answers(parts: RunParts, runId: string): Promise<boolean> {
  return parts.store.find(runId).then(
    () => true,
    () => false,
  );
}

/** The one durable body: what is remembered are directives, and everything else stands in the rows of the run. */
export function runBody(tools: AdvanceParts): EngineBody {
  return async (id, steps) => {
    const at = id.lastIndexOf('.');
    const [runId, attempt] = [id.slice(0, at), Number(id.slice(at + 1))];
    for (;;) {
      const directive: Directive = await steps.step<Directive>('advance', () => advanceSurely(tools, runId, attempt));
      if (directive.next === 'end') return;
      if (directive.next === 'wait') await steps.waitForWake(directive.seconds);
    }
  };
}
