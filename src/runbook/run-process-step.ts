import { join } from 'node:path';
import { monotonicMs, wallAt } from '../core/clock.ts';
import { asElulmcError, ElulmcError, toProblem } from '../core/errors.ts';
import { EXIT } from '../core/exit-codes.ts';
import type { ExitCode } from '../core/exit-codes.ts';
import { demandWindow } from '../operations/change-gate.ts';
import type { RunOutcome } from '../operations/entries.ts';
import { grants, rolesWith } from '../services/people/roles.ts';
import type { Effect } from '../services/approvals/service.ts';
import type { Actor } from '../services/people/service.ts';
import { killLeftover } from '../services/processes/process-groups.ts';
import { runProcess } from '../services/processes/run-process.ts';
import type { ProcessResult } from '../services/processes/run-process.ts';
import { keepContent } from '../services/runs/content-files.ts';
import type { Word } from './command-line.ts';
import { argvOf } from './parameters.ts';
import { decidedApproval, reasonOf, requestRunId, waitForApproval } from './run-approval.ts';
import { failed } from './run-outcome.ts';
import type { StepEnd } from './run-outcome.ts';
import { valuesOf } from './run-parts.ts';
import { actorOf, beginStep, changeStep, endStep, isForTheRun, isHeldUp, MovedOn, waitFor, waitForWindow } from './run-steps.ts';
import type { Directive, StepWork } from './run-steps.ts';
import type { StepView } from './run-view.ts';

const OPERATION = 'runbook step';
/** Which step a process belongs to, in its environment: how a later control plane finds what an earlier one has left. */
const MARK = 'ELULMC_STEP';
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

const VERDICTS: Readonly<Record<number, { readonly exit: ExitCode; readonly outcome: RunOutcome; readonly ends: boolean; readonly words: string }>> = {
  0: { exit: EXIT.ok, outcome: 'ok', ends: false, words: 'Ended with code 0' },
  3: { exit: EXIT.finding, outcome: 'finding', ends: true, words: 'Found something (code 3)' },
  8: { exit: EXIT.inconclusive, outcome: 'inconclusive', ends: true, words: 'Came to no result (code 8)' },
};

/** What is recorded and signed. The words of a process never hold a secret (prepare.ts). */
interface Planned {
  readonly argv: readonly string[];
  readonly folder: string;
  readonly timeoutMs: number;
  readonly changes: readonly string[];
}

function demandOperator(actor: Actor): void {
  if (actor.kind === 'system' || (actor.kind === 'person' && grants(actor.role, 'operate'))) return;
  if (actor.kind === 'local') throw new ElulmcError('NOT_SIGNED_IN', `to start a process a person must be signed in; ${actor.id} is not`);
  throw new ElulmcError('NOT_ALLOWED', `to start a process needs the role ${rolesWith('operate').join(' or ')}; ${actor.name} has ${actor.role}`);
}

/** PROCESS_NOT_ALLOWED when the configuration does not name the runbook any more. */
async function planned(work: StepWork, words: readonly Word[]): Promise<Planned> {
  const { parts, record, live, prepared } = work;
  const text = await parts.store.text(record.run.documentSha256);
  const trusted = text === undefined ? undefined : parts.trusted.find(text);
  if (trusted === undefined) throw new ElulmcError('PROCESS_NOT_ALLOWED', 'config.yaml does not name this text of the runbook under runbooks.processes');
  const argv = argvOf(words, valuesOf(record, live));
  const folder = join(trusted.folder, prepared.step.folder ?? '');
  const changes = [`run ${JSON.stringify(argv)} in ${folder}`];
  return { argv, folder, timeoutMs: prepared.step.attributes.timeoutMs ?? trusted.timeoutMs, changes };
}

function effectOf({ parts, record, step, prepared }: StepWork, { argv, folder, changes }: Planned): Omit<Effect, 'runId' | 'actor'> {
  const { documentSha256 } = record.run;
  const input = { documentSha256, section: record.run.details.section, step: step.details.shown.id, argv: [...argv], folder };
  return { operation: OPERATION, input, changes, touches: [], policy: parts.approvals.policyFor(OPERATION, 'change', prepared.step.attributes.approve) };
}

/** Runs a step that is a process. One that was interrupted is never repeated by itself. */
export async function performProcess(work: StepWork, words: readonly Word[]): Promise<Directive> {
  const { record, step, prepared, parts } = work;
  const { continueOnError } = prepared.step.attributes;
  if (step.state === 'running') return afterInterruption(work);
  try {
    const actor = await actorOf(parts, record.run.details.actorKind, record.run.details.actor);
    demandOperator(actor);
    const plan = await planned(work, words);
    const decided = await decidedApproval(work);
    if (decided.kind === 'wait') return decided.directive;
    if (decided.kind === 'refused') return await endStep(work, failed(decided.error, continueOnError));
    const effect = effectOf(work, plan);
    if (effect.policy.required > 0 && decided.request === undefined) return await askForProcess(work, actor, effect);
    const { change } = record.run.details;
    await demandWindow(parts.gate, { declaration: null, plan: {}, planSha256: null, change: change ?? undefined }, wallAt());
    if (effect.policy.required > 0 && decided.request !== undefined) {
      await parts.approvals.use({ request: decided.request }, { ...effect, runId: step.details.runId, actor: actor.id });
    }
    await work.recorder.demandIntent(record);
    await work.recorder.stepIntent(record, step, { argv: plan.argv, folder: plan.folder }, plan.changes);
    return await endStep(work, await perform(work, plan));
  } catch (thrown) {
    if (!(thrown instanceof ElulmcError) || isForTheRun(thrown, work.stopping)) throw thrown;
    return isHeldUp(thrown) ? waitForWindow(work, thrown) : endStep(work, failed(thrown, continueOnError));
  }
}

async function askForProcess(work: StepWork, actor: Actor, effect: Omit<Effect, 'runId' | 'actor'>): Promise<Directive> {
  const { parts, record } = work;
  const request = await parts.approvals.open({ runId: requestRunId(work), requester: actor.id, effect, reason: reasonOf(work), ref: record.run.id });
  return waitForApproval(work, request);
}

/** An intent without a result would look like a crash, so what was aborted before it began is recorded too. */
async function beginUnlessAborted(work: StepWork, { argv, folder, changes }: Planned): Promise<void> {
  try {
    await beginStep(work);
  } catch (thrown) {
    const end = { outcome: 'cancelled', summary: 'Not started: the run was aborted.', tookMs: 0 } as const;
    if (thrown instanceof MovedOn) await work.recorder.stepDone(work.record, work.step, work.record.run.details.actor, { argv, folder }, changes, end);
    throw thrown;
  }
}

async function perform(work: StepWork, plan: Planned): Promise<StepEnd> {
  const { parts, live, record, step, viewers } = work;
  const kill = new AbortController();
  live.process = kill;
  const startedMs = monotonicMs();
  try {
    await beginUnlessAborted(work, plan);
    const result = await runProcess({
      ...plan,
      env: { PATH, LANG: 'C.UTF-8', HOME: plan.folder, [MARK]: step.details.runId },
      signal: AbortSignal.any([kill.signal, work.stopping]),
      // A start is in no transaction: a control plane that stood still since the step began may have been replaced.
      beforeStart: parts.confirmLeadership,
      onStarted: (process) => changeStep(work, { step: { process } }),
      onOutput: (text) => {
        viewers.say(record.run.id, 'output', { step: step.details.shown.id, text });
      },
    });
    // A control plane that stops kills its process: for the next one that is an interruption like any other.
    if (work.stopping.aborted && result.ended === 'killed') throw new ElulmcError('INTERRUPTED', 'the control plane is stopping');
    const end = endOf(work, plan, result);
    const outcome = end.recorded;
    await work.recorder.stepDone(record, step, record.run.details.actor, { argv: plan.argv, folder: plan.folder }, plan.changes, {
      outcome,
      evidence: outputOf(result),
      summary: end.step.summary,
      tookMs: monotonicMs() - startedMs,
    });
    return end.step;
  } catch (thrown) {
    if (thrown instanceof MovedOn) throw thrown;
    const error = asElulmcError(thrown);
    if (isForTheRun(error, work.stopping)) throw error;
    // An intent without a result would look like a crash.
    const outcome = kill.signal.aborted ? 'cancelled' : 'failed';
    const summary = `Not gone through: ${error.message}`;
    await work.recorder.stepDone(record, step, record.run.details.actor, { argv: plan.argv, folder: plan.folder }, plan.changes, {
      outcome,
      summary,
      tookMs: 0,
    });
    throw error;
  } finally {
    live.process = undefined;
  }
}

function outputOf({ sha256, bytes, kept, code }: ProcessResult): {
  readonly output: { sha256: string; bytes: number; truncated: boolean };
  readonly code: number;
} {
  return { output: { sha256, bytes, truncated: bytes > kept.length }, code };
}

/** Keeps the output; what cannot be kept is said and does not change what the process has done. */
function keepOutput({ parts }: StepWork, result: ProcessResult): { readonly output: StepView['output']; readonly note: string } {
  const { output, code } = outputOf(result);
  const shown = { ...output, tail: result.tail, code };
  try {
    if (result.kept.length > 0) keepContent(parts.home.content, result.kept);
    return { output: shown, note: '' };
  } catch (error) {
    return { output: shown, note: `; ${(error as Error).message}` };
  }
}

function leftText({ mayStillRun }: ProcessResult): string {
  return mayStillRun ? ', which it did not heed: look whether it still runs' : '';
}

function endOf(work: StepWork, plan: Planned, result: ProcessResult): { readonly step: StepEnd; readonly recorded: RunOutcome } {
  const { continueOnError } = work.prepared.step.attributes;
  const { output, note } = keepOutput(work, result);
  const verdict = result.ended === 'by-itself' && result.notStarted === null ? VERDICTS[result.code] : undefined;
  if (verdict !== undefined) {
    const summary = `${verdict.words}, ${String(result.bytes)} bytes of output${note}.`;
    const ends = verdict.ends && !continueOnError;
    return { step: { state: ends ? 'failed' : 'succeeded', exit: verdict.exit, summary, ends, output, problem: null }, recorded: verdict.outcome };
  }
  if (result.ended === 'killed') {
    const error = new ElulmcError('INTERRUPTED', `the process was killed because the run was aborted${leftText(result)}${note}`);
    const step: StepEnd = { state: 'aborted', exit: EXIT.interrupted, summary: error.message, ends: true, output, problem: toProblem(error) };
    return { step, recorded: 'cancelled' };
  }
  const why =
    result.ended === 'timeout'
      ? `it did not end within ${String(plan.timeoutMs / 1000)} s and was killed${leftText(result)}`
      : (result.notStarted ?? `it ended with code ${String(result.code)}`);
  return { step: { ...failed(new ElulmcError('PROCESS_FAILED', `${why}${note}`), continueOnError), output }, recorded: 'failed' };
}

/** Ends what still runs of it on this host. What may run on another one cannot be seen from here. */
function endLeftover({ parts, step: { details } }: StepWork): string {
  const left = killLeftover(details.process, `${MARK}=${details.runId}`);
  if (left === 'killed') return 'what still ran of it was killed';
  if (details.begunBy !== parts.logName)
    return `look whether it still runs on the host of the control plane that began it (its log is ${String(details.begunBy)})`;
  return left === 'gone' ? 'nothing of it runs any more' : 'look whether it still runs';
}

/** The control plane that started it was killed: what is left of it is ended, and a person decides. */
async function afterInterruption(work: StepWork): Promise<Directive> {
  const { record, step } = work;
  const text = `the process was interrupted at ${wallAt()}, and nobody knows how far it came; ${endLeftover(work)}`;
  const help = `elulmc runbook resume ${record.run.id} --retry or --skip`;
  await work.recorder.stepDone(record, step, record.run.details.actor, {}, [], { outcome: 'interrupted', summary: text, tookMs: 0 });
  return waitFor(work, { kind: 'decision', step: step.details.shown.id, text, help }, { step: { interrupted: true, process: null } });
}
