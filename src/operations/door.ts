import { ElulmcError } from '../core/errors.ts';
import type { LedgerLog } from '../ledger/log.ts';
import { authorize } from './authorize.ts';
import type { CatalogueEntry } from './catalogue.ts';
import type { OperationServices } from './context.ts';
import type { Performed } from './declaration.ts';
import type { RunResult } from './entries.ts';
import { asOperationError, failureOf, parseCall, planAndApprove, reportOf, resultOf } from './passage.ts';
import type { Passage } from './passage.ts';
import { openRecorder } from './recorder.ts';
import type { Recorded } from './recorder.ts';
import type { OperationCall, OperationReport } from './report.ts';
import type { OperationRun, OperationRuns } from './runs.ts';
import { redeemInvitation } from './sign-in.ts';
import type { SignInRequest, SignedIn } from './sign-in.ts';

/** The one way to change anything: parse, authorize, plan, approve, intent, perform, record, report. */
export interface Door {
  /**
   * Resolves with a report when the operation could do its work, whatever it found. Rejects with an ElulmcError when it
   * could not; from authorize on, that is recorded too.
   */
  call(call: OperationCall): Promise<OperationReport>;
  /** Redeems a sign-in link: the one change that somebody unknown may make. INVITATION_INVALID otherwise. */
  signIn(request: SignInRequest): Promise<SignedIn>;
}

export interface DoorOptions {
  readonly catalogue: readonly CatalogueEntry[];
  readonly services: OperationServices;
  /** `ledger/control`. */
  readonly log: LedgerLog;
  readonly runs: OperationRuns;
}

export function openDoor(options: DoorOptions): Door {
  const { runs, log } = options;
  const recorder = openRecorder(log, options.services.home.spool);
  /** Calls that are performed now: who repeats one of them waits for the same report. */
  const running = new Map<string, { readonly run: OperationRun; readonly report: Promise<OperationReport> }>();

  async function call(call: OperationCall): Promise<OperationReport> {
    const passage = await parseCall(options.catalogue, options.services, call);
    await recordRefusal(passage, () => {
      authorize(call.actor, passage.declaration);
    });
    if (call.dryRun === true) return dryRun(passage);
    const { runId } = passage.context;
    const twin = running.get(runId);
    if (twin !== undefined) {
      refuseOtherCall(twin.run, passage);
      return twin.report;
    }
    const report = performOnce(passage);
    running.set(runId, { run: rowOf(passage, 0), report });
    try {
      return await report;
    } finally {
      running.delete(runId);
    }
  }

  async function performOnce(passage: Passage): Promise<OperationReport> {
    const mayBeRepeated = passage.call.runId !== undefined && passage.declaration.risk !== 'read';
    const earlier = mayBeRepeated ? await earlierReport(passage) : undefined;
    if (earlier !== undefined) return earlier;
    await recordRefusal(passage, () => planAndApprove(passage));
    const opened = runs.open(rowOf(passage, log.size()));
    return passage.declaration.effectFirst === true ? effectFirst(passage, opened) : intentFirst(passage, opened);
  }

  /** The rule: nothing is performed whose intent is not durable. A row whose intent failed stays open: it may stand in the log after all. */
  async function intentFirst(passage: Passage, opened: Promise<void>): Promise<OperationReport> {
    // A read is answered without a database too: a crash leaves its intent without a result, and nothing else.
    await (passage.declaration.risk === 'read' ? opened.catch(leaveToNextStart) : recordRefusal(passage, () => opened));
    const intent = await recorder.intent(passage.recorded);
    return perform(passage, async (result) => ({ ...(await recorder.done(passage.recorded, result)), intent }));
  }

  /** The exception of isolation and revocation: no row and no ledger that cannot be written may delay the effect. */
  async function effectFirst(passage: Passage, opened: Promise<void>): Promise<OperationReport> {
    await opened.catch(leaveToNextStart);
    return perform(passage, (result) => recorder.both(passage.recorded, result));
  }

  async function perform(passage: Passage, record: (result: RunResult) => Promise<Recorded>): Promise<OperationReport> {
    let performed: Performed<unknown>;
    try {
      passage.call.signal.throwIfAborted();
      performed = await passage.declaration.perform(passage.context, passage.input);
    } catch (thrown) {
      const error = asOperationError(thrown, passage.call.signal);
      const result = failureOf(passage, error);
      const recorded = await record(result);
      await closeRow(passage, recorded, { outcome: result.outcome, report: null });
      throw error;
    }
    const recorded = await record(resultOf(passage, performed));
    const report = reportOf(passage, performed, recorded);
    await closeRow(passage, recorded, { outcome: performed.verdict, report: passage.declaration.shownOnce === undefined ? report : null });
    if (recorded.where === 'none' && passage.declaration.effectFirst !== true) {
      throw new ElulmcError('LEDGER_UNAVAILABLE', `${report.operation} was performed, but its result could not be recorded; the next start records it`);
    }
    return report;
  }

  /** A record that stands nowhere keeps its row open, so that the next start looks after it. */
  async function closeRow(passage: Passage, recorded: Recorded, end: Parameters<OperationRuns['close']>[1]): Promise<void> {
    if (recorded.where !== 'none') await runs.close(passage.context.runId, end).catch(leaveToNextStart);
  }

  async function dryRun(passage: Passage): Promise<OperationReport> {
    await recordRefusal(passage, () => planAndApprove(passage));
    const count = passage.recorded.plan.changes.length;
    const summary = count === 0 ? 'Dry run: nothing would change.' : `Dry run: ${String(count)} ${count === 1 ? 'change' : 'changes'} planned, none made.`;
    const performed: Performed<null> = { output: null, verdict: 'ok', summary };
    const recorded = await recorder.nothingPerformed(passage.recorded, { ...resultOf(passage, performed), outcome: 'planned' });
    if (recorded.where === 'none') throw new ElulmcError('LEDGER_UNAVAILABLE', 'the dry run could not be recorded');
    return reportOf(passage, performed, recorded);
  }

  /** Runs a step before `perform`; what ends the call there is recorded as far as the log can be written. */
  async function recordRefusal(passage: Passage, step: () => void | Promise<void>): Promise<void> {
    try {
      await step();
    } catch (thrown) {
      const error = asOperationError(thrown, passage.call.signal);
      await recorder.nothingPerformed(passage.recorded, failureOf(passage, error));
      throw error;
    }
  }

  /** The report of an earlier call with this run id; undefined when there is none to repeat. */
  async function earlierReport(passage: Passage): Promise<OperationReport | undefined> {
    const earlier = await runs.find(passage.context.runId);
    if (earlier === undefined) return undefined;
    refuseOtherCall(earlier.run, passage);
    if (earlier.end?.report) return earlier.end.report;
    if (earlier.end?.outcome !== 'ok') return undefined;
    throw new ElulmcError('CONFLICT', `${passage.context.runId} has ended; what it gave was shown once and is stored nowhere: make a new call`);
  }

  return { call, signIn: (request) => redeemInvitation(options.services.people, recorder, request) };
}

/** The caller's result never depends on a row: the next start closes it from what the log says (recovery.ts). */
const leaveToNextStart = (): undefined => undefined;

function rowOf(passage: Passage, logSize: number): OperationRun {
  const { runId, operation, actor, ref, planSha256 } = passage.recorded;
  return { runId, operation, actor, ref, planSha256, logSize, inputSha256: passage.inputSha256, openedAt: passage.startedAt };
}

function refuseOtherCall(earlier: OperationRun, passage: Passage): void {
  const { operation, actor } = passage.recorded;
  if (earlier.operation === operation && earlier.actor === actor && earlier.inputSha256 === passage.inputSha256) return;
  throw new ElulmcError('CONFLICT', `${passage.context.runId} belongs to another call: another operation, input or caller`, { field: 'runId' });
}
