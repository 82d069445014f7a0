import { wallAt } from '../core/clock.ts';
import { ElulmcError } from '../core/errors.ts';
import type { LedgerLog } from '../ledger/log.ts';
import { requirementOf } from './approval-requirement.ts';
import { demandApproval, useApproval } from './approve-call.ts';
import { authorize } from './authorize.ts';
import type { CatalogueEntry } from './catalogue.ts';
import { demandWindow, nextChance } from './change-gate.ts';
import type { GatedCall } from './change-gate.ts';
import type { OperationServices } from './context.ts';
import type { Performed } from './declaration.ts';
import type { RunResult } from './entries.ts';
import { asOperationError, failureOf, parseCall, planCall, reportOf, resultOf } from './passage.ts';
import type { Passage } from './passage.ts';
import { createObjectLocks } from './object-locks.ts';
import { openRecorder, settledWithin } from './recorder.ts';
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

/** A database that hangs after the effect must not hold up its record. */
const ROW_PATIENCE_MS = 1_000;

export function openDoor(options: DoorOptions): Door {
  const { runs, log } = options;
  const recorder = openRecorder(log, options.services.home.spool);
  const locks = createObjectLocks();
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
    const earlier = passage.call.runId === undefined ? undefined : await earlierReport(passage);
    if (earlier !== undefined) return earlier;
    const release = await recordRefusal(passage, () => planAndHold(passage));
    try {
      await recordRefusal(passage, () => {
        demandApproval(passage);
        return demandWindow(options.services, gatedCall(passage), wallAt());
      });
      const opened = runs.open(rowOf(passage, log.size()));
      return await (passage.declaration.effectFirst === true ? effectFirst(passage, opened) : intentFirst(passage, opened));
    } finally {
      release();
    }
  }

  /**
   * Plans, and holds what the plan touches until the call has ended: what was compared with an approval is what is performed.
   * An emergency waits for nobody. The plan is made again once everything is held, for it may have changed meanwhile.
   */
  async function planAndHold(passage: Passage): Promise<() => void> {
    await planCall(passage);
    if (passage.declaration.effectFirst === true) return () => undefined;
    for (;;) {
      const objects = touchedBy(passage);
      if (objects.length === 0) return () => undefined;
      const release = await locks.hold(objects, passage.call.signal, (object) => {
        passage.context.progress(`waiting for another call that works on ${object}`);
      });
      try {
        await planCall(passage);
      } catch (thrown) {
        release();
        throw thrown;
      }
      if (touchedBy(passage).every((object) => objects.includes(object))) return release;
      release();
    }
  }

  /** The rule: nothing is performed whose intent is not durable. A row whose intent failed stays open: it may stand in the log after all. */
  async function intentFirst(passage: Passage, opened: Promise<void>): Promise<OperationReport> {
    // A crash leaves the intent of a read without a result, and nothing else.
    await (needsRow(passage) ? recordRefusal(passage, () => opened) : opened.catch(leaveToNextStart));
    await refuseOpened(passage, () => useApproval(passage));
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
      performed = await passage.declaration.perform({ ...passage.context, planned: passage.recorded.plan.touches ?? [] }, passage.input);
    } catch (thrown) {
      const error = asOperationError(thrown, passage.call.signal);
      const result = failureOf(passage, error);
      const recorded = await record(result);
      await closeRow(passage, recorded, { outcome: result.outcome, report: null });
      throw error;
    }
    await keepReport(passage, performed);
    const recorded = await record(resultOf(passage, performed));
    const report = reportOf(passage, performed, recorded);
    await closeRow(passage, recorded, { outcome: performed.verdict, report: passage.declaration.shownOnce === undefined ? report : null });
    if (recorded.where === 'none' && passage.declaration.effectFirst !== true) {
      throw new ElulmcError('LEDGER_UNAVAILABLE', `${report.operation} was performed, but its result could not be recorded; the next start records it`);
    }
    return report;
  }

  /** Before the record, which would be made twice if a crash came right after it. A read is performed again instead, and no row delays an emergency. */
  async function keepReport(passage: Passage, performed: Performed<unknown>): Promise<void> {
    const { risk, shownOnce } = passage.declaration;
    if (risk === 'read' || shownOnce !== undefined) return;
    const report = reportOf(passage, performed, { where: 'ledger', intent: null, done: null });
    await settledWithin(runs.keep(passage.context.runId, report).catch(leaveToNextStart), ROW_PATIENCE_MS);
  }

  /** A record that stands nowhere keeps its row open, so that the next start looks after it. */
  async function closeRow(passage: Passage, recorded: Recorded, end: Parameters<OperationRuns['close']>[1]): Promise<void> {
    if (recorded.where !== 'none') await runs.close(passage.context.runId, end).catch(leaveToNextStart);
  }

  async function dryRun(passage: Passage): Promise<OperationReport> {
    await recordRefusal(passage, () => planCall(passage));
    const count = passage.recorded.plan.changes.length;
    const summary = count === 0 ? 'Dry run: nothing would change.' : `Dry run: ${String(count)} ${count === 1 ? 'change' : 'changes'} planned, none made.`;
    const performed: Performed<null> = { output: null, verdict: 'ok', summary };
    const recorded = await recorder.nothingPerformed(passage.recorded, { ...resultOf(passage, performed), outcome: 'planned' });
    if (recorded.where === 'none') throw new ElulmcError('LEDGER_UNAVAILABLE', 'the dry run could not be recorded');
    const report = reportOf(passage, performed, recorded);
    const { required } = requirementOf(options.services.approvals, passage.declaration, passage.call.leastApprovals ?? 0);
    const now = wallAt();
    const chance = await nextChance(options.services, gatedCall(passage), now);
    const notes = [
      ...report.plan.notes,
      ...(required === 0 ? [] : [`it needs the approval of ${String(required)} other people`]),
      ...(chance === now ? [] : [`windows or changes hold it up${chance === null ? '' : ` until ${chance}`}`]),
    ];
    return { ...report, plan: { ...report.plan, notes } };
  }

  /** Runs a step before `perform`; what ends the call there is recorded as far as the log can be written. */
  async function recordRefusal<T>(passage: Passage, step: () => T | Promise<T>): Promise<T> {
    try {
      return await step();
    } catch (thrown) {
      const error = asOperationError(thrown, passage.call.signal);
      await recorder.nothingPerformed(passage.recorded, failureOf(passage, error));
      throw error;
    }
  }

  /** The same for a call whose row is open: nothing was performed, so the row is closed. */
  async function refuseOpened(passage: Passage, step: () => Promise<void>): Promise<void> {
    try {
      await recordRefusal(passage, step);
    } catch (thrown) {
      const { outcome } = failureOf(passage, asOperationError(thrown, passage.call.signal));
      await runs.close(passage.context.runId, { outcome, report: null }).catch(leaveToNextStart);
      throw thrown;
    }
  }

  /** The report of an earlier call with this run id; undefined when there is none to repeat. */
  async function earlierReport(passage: Passage): Promise<OperationReport | undefined> {
    const found = runs.find(passage.context.runId);
    const mayBeUnknown = passage.declaration.effectFirst === true || !needsRow(passage);
    const earlier = await (mayBeUnknown ? found.catch(leaveToNextStart) : found);
    if (earlier === undefined) return undefined;
    refuseOtherCall(earlier.run, passage);
    if (!needsRow(passage)) return undefined;
    if (earlier.end?.report) return earlier.end.report;
    if (earlier.end?.outcome !== 'ok') return undefined;
    throw new ElulmcError('CONFLICT', `${passage.context.runId} has ended; what it gave was shown once and is stored nowhere: make a new call`);
  }

  return { call, signIn: (request) => redeemInvitation(options.services.people, recorder, request) };
}

/** The caller's result never depends on a row: the next start closes it from what the log says (recovery.ts). */
const leaveToNextStart = (): undefined => undefined;

/** A read is answered without a database too, and as often as it is asked; but what was allowed once is done once. */
function needsRow({ declaration, call }: Passage): boolean {
  return declaration.risk !== 'read' || call.approval !== undefined || call.breakGlass !== undefined;
}

function rowOf(passage: Passage, logSize: number): OperationRun {
  const { runId, operation, actor, ref, planSha256 } = passage.recorded;
  return { runId, operation, actor, ref, planSha256, logSize, inputSha256: passage.inputSha256, openedAt: passage.startedAt };
}

function gatedCall({ declaration, recorded: { plan, planSha256 }, call: { change, breakGlass } }: Passage): GatedCall {
  return { declaration, plan, planSha256, change, breakGlass };
}

function touchedBy(passage: Passage): readonly string[] {
  return [...new Set((passage.recorded.plan.touches ?? []).map(({ object }) => object))];
}

function refuseOtherCall(earlier: OperationRun, passage: Passage): void {
  const { operation, actor } = passage.recorded;
  if (earlier.operation === operation && earlier.actor === actor && earlier.inputSha256 === passage.inputSha256) return;
  throw new ElulmcError('CONFLICT', `${passage.context.runId} belongs to another call: another operation, input or caller`, { field: 'runId' });
}
