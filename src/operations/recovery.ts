import { asRecord } from '../core/json.ts';
import type { LedgerEntry } from '../ledger/entry.ts';
import type { LedgerLog } from '../ledger/log.ts';
import type { PostureService } from '../services/posture/service.ts';
import { doneEntry, intentEntry } from './entries.ts';
import type { RecordedRun } from './entries.ts';
import type { OperationRun, OperationRuns, StoredOperationRun } from './runs.ts';
import type { RecordedSince } from './spool.ts';

export interface ResolvedRun {
  readonly runId: string;
  readonly operation: string;
  /** Posture version that carries the run's effect, or null when it had none. */
  readonly appliedVersion: number | null;
}

/** A run as its row remembers it: the input itself is only in the intent. */
function recordedRunOf(run: OperationRun): RecordedRun {
  return {
    runId: run.runId,
    actor: run.actor,
    operation: run.operation,
    ref: run.ref,
    input: {},
    plan: { changes: [], notes: [] },
    planSha256: run.planSha256,
  };
}

export interface RecoveryParts {
  readonly runs: OperationRuns;
  readonly posture: Pick<PostureService, 'appliedBy'>;
  readonly log: LedgerLog;
  readonly recordedSince: RecordedSince;
}

/** Names the log in which the run began, for whoever looks for its intent here. */
function withOrigin(run: StoredOperationRun, entry: LedgerEntry): LedgerEntry {
  return run.begunIn === null ? entry : { ...entry, data: { ...asRecord(entry.data), begunIn: run.begunIn } };
}

/**
 * Gives every run that a crash or a takeover left open its result: `interrupted`, with what the posture knows of its effect. Runs whose
 * result is in the log already are only closed. A run that another control plane began gets an intent and a result in our own log,
 * and they name the log in which it began. Call after drainSpool and before the door opens.
 */
export async function resolveOpenRuns(parts: RecoveryParts): Promise<readonly ResolvedRun[]> {
  const { runs, posture, log, recordedSince } = parts;
  const resolved: ResolvedRun[] = [];
  for (const open of await runs.openRuns()) {
    // Another control plane's log cannot be read here. Noted before anything is appended, so that a crash does not append it twice.
    const run = open.log === log.name ? open : await runs.adopt(open, log.size());
    const recorded = await recordedSince(run.runId, run.logSize);
    const appliedVersion = (await posture.appliedBy(run.runId)) ?? null;
    // Neither an intent nor an effect: the crash came before the call had done anything that could be told. Of another log nobody knows.
    const happened = recorded.intent || appliedVersion !== null || run.begunIn !== null;
    if (!recorded.done && happened) {
      const recordedRun = recordedRunOf(run);
      if (!recorded.intent) await log.append(withOrigin(run, intentEntry(recordedRun)));
      const summary =
        appliedVersion === null ? 'Interrupted; no change of the posture was applied.' : `Interrupted; applied in posture version ${String(appliedVersion)}.`;
      await log.appendSigned(withOrigin(run, doneEntry(recordedRun, { outcome: 'interrupted', summary, tookMs: 0, appliedVersion })));
      resolved.push({ runId: run.runId, operation: run.operation, appliedVersion });
    }
    // A result that we have recorded is answered with its report: performing it again would record another one.
    const report = recorded.done && run.begunIn === null ? run.kept : null;
    await runs.close(run.runId, { outcome: report?.verdict ?? 'interrupted', report });
  }
  return resolved;
}
