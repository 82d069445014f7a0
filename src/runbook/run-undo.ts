import { wallAt } from '../core/clock.ts';
import { asElulmcError } from '../core/errors.ts';
import { EXIT } from '../core/exit-codes.ts';
import type { Compensation } from '../operations/declaration.ts';
import { parseFields } from '../operations/parse-fields.ts';
import type { Actor } from '../services/people/service.ts';
import type { BoundCommand } from './bind.ts';
import { inputOf } from './parameters.ts';
import type { PreparedRun } from './prepare.ts';
import type { RunRecord, StepRow } from './run-model.ts';
import { valuesOf } from './run-parts.ts';
import type { LiveRun, RunParts } from './run-parts.ts';
import type { RunRecorder } from './run-record.ts';
import { actorOf, changeStep, ENDED, GO_ON, isForTheRun } from './run-steps.ts';
import type { Directive } from './run-steps.ts';
import type { RunViewers } from './run-viewers.ts';
import { stepRunId } from './step-run-id.ts';

export interface AbortWork {
  readonly parts: RunParts;
  readonly live: LiveRun;
  readonly recorder: RunRecorder;
  readonly viewers: RunViewers;
  readonly record: RunRecord;
  /** Read only where something is to be taken back: an abort must work for a text that cannot be read any more. */
  readonly prepared: () => Promise<PreparedRun>;
  readonly stopping: AbortSignal;
  /** Drops what only this process knows of the run. */
  readonly forget: () => void;
}

type Abort = NonNullable<RunRecord['run']['details']['abort']>;

/** Goes on with an abort: takes back one step, the last first, or ends the run. */
export async function performAbort(work: AbortWork, abort: Abort): Promise<Directive> {
  const { record, recorder } = work;
  // Stopping must not wait for a ledger: what cannot be written now is spooled at the end.
  void recorder.startIntent(record, abort.record);
  const step = abort.undo ? record.steps.findLast(isToUndo) : undefined;
  if (step === undefined) return endAbort(work, abort);
  const undone = await undo(work, abort, step);
  await changeStep({ ...work, step }, { runState: 'running', step: { undone }, run: { waitsFor: null } });
  return GO_ON;
}

/** Steps that may have done something and that nobody has looked at yet; one that was skipped may have failed half-way before. */
function isToUndo({ details }: StepRow): boolean {
  return details.undone === null && details.shown.kind !== 'prose' && details.startedAt !== null;
}

/** The door refused it, so nothing of it was performed. */
function wasRefused({ details }: StepRow): boolean {
  return details.exit === EXIT.notAllowed || details.exit === EXIT.approvalMissing;
}

/** What is said about the step afterwards. */
async function undo(work: AbortWork, abort: Abort, step: StepRow): Promise<string> {
  if (wasRefused(step)) return 'Nothing to take back: it was refused before it did anything.';
  if (step.details.shown.kind === 'process') return 'Not taken back: nobody but its author knows how to take a process back.';
  let byHand = '';
  try {
    const command = (await work.prepared()).steps[step.index]?.command ?? null;
    if (command === null || command.declaration.risk === 'read') return 'Nothing to take back: it only reads.';
    byHand = ` By hand: ${command.declaration.undo}`;
    if (step.details.report === null) return `Not taken back: it did not end in order, so look at what it did.${byHand}`;
    const compensation = compensationOf(work, command, step);
    if (compensation === undefined) return `Not taken back by itself.${byHand}`;
    if (compensation === null) return 'Nothing to take back: it changed nothing.';
    return await takeBack(work, abort, step, compensation);
  } catch (thrown) {
    // Whatever it is, the abort ends.
    const error = asElulmcError(thrown);
    if (isForTheRun(error, work.stopping)) throw error;
    return `Not taken back (${error.code}): ${error.message}.${byHand}`.slice(0, 1000);
  }
}

function compensationOf({ record, live }: AbortWork, { declaration, ...rest }: BoundCommand, step: StepRow): Compensation | null | undefined {
  const input = parseFields(declaration.input, inputOf({ declaration, ...rest }, valuesOf(record, live)));
  return declaration.compensate?.(input, step.details.report?.output);
}

async function takeBack(work: AbortWork, abort: Abort, step: StepRow, { room, name, input }: Compensation): Promise<string> {
  const { parts, record, stopping } = work;
  const actor: Actor = await actorOf(parts, abort.byKind, abort.by);
  const runId = stepRunId(record.run.id, `${step.details.shown.id} undo`);
  const report = await parts.door.call({ room, name, input, actor, runId, ref: record.run.id, signal: stopping });
  return `Taken back by ${room} ${name} (${report.runId}): ${report.summary}`.slice(0, 1000);
}

async function endAbort({ parts, recorder, viewers, record, forget }: AbortWork, abort: Abort): Promise<Directive> {
  const { id, attempt, openedAt } = record.run;
  const taken = record.steps.filter(({ details }) => details.undone?.startsWith('Taken back') === true).length;
  const what = abort.undo ? ` ${String(taken)} of ${String(record.steps.filter(({ details }) => details.undone !== null).length)} steps were taken back.` : '';
  const summary = `Aborted by ${abort.by}: ${abort.reason}.${what}`.slice(0, 1000);
  const endedAt = wallAt();
  const tookMs = Math.max(0, Date.parse(endedAt) - Date.parse(openedAt));
  // The attempt itself has ended too, and an intent without a result would look like a crash.
  if (!record.run.details.record.ended) await recorder.end(record, record.run.details.record, { outcome: 'cancelled', summary, tookMs });
  await recorder.end(record, abort.record, { outcome: 'ok', summary, tookMs: 0 });
  await parts.store.change(id, null, ({ run }) => {
    if (run.attempt !== attempt || run.endedAt !== null) return { answer: undefined };
    const details = { ...run.details, waitsFor: null, exit: EXIT.interrupted, summary };
    return { run: { ...run, state: 'aborted', endedAt, details }, answer: undefined };
  });
  forget();
  viewers.changed(id);
  return ENDED;
}
