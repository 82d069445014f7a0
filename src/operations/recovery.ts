import type { LedgerLog } from '../ledger/log.ts';
import type { PostureService } from '../services/posture/service.ts';
import { doneEntry, intentEntry } from './entries.ts';
import type { RecordedRun } from './entries.ts';
import type { OperationRun, OperationRuns } from './runs.ts';
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

/**
 * Gives every run that a crash left open its result: `interrupted`, with what the posture knows of its effect. Runs whose
 * result is in the log already are only closed. Call after drainSpool and before the door opens.
 */
export async function resolveOpenRuns(parts: {
  readonly runs: OperationRuns;
  readonly posture: Pick<PostureService, 'appliedBy'>;
  readonly log: LedgerLog;
  readonly recordedSince: RecordedSince;
}): Promise<readonly ResolvedRun[]> {
  const resolved: ResolvedRun[] = [];
  for (const run of await parts.runs.openRuns()) {
    const recorded = await parts.recordedSince(run.runId, run.logSize);
    const appliedVersion = (await parts.posture.appliedBy(run.runId)) ?? null;
    // Neither an intent nor an effect: the crash came before the call had done anything that could be told.
    const happened = recorded.intent || appliedVersion !== null;
    if (!recorded.done && happened) {
      const recordedRun = recordedRunOf(run);
      if (!recorded.intent) await parts.log.append(intentEntry(recordedRun));
      const summary =
        appliedVersion === null ? 'Interrupted; no change of the posture was applied.' : `Interrupted; applied in posture version ${String(appliedVersion)}.`;
      await parts.log.appendSigned(doneEntry(recordedRun, { outcome: 'interrupted', summary, tookMs: 0, appliedVersion }));
      resolved.push({ runId: run.runId, operation: run.operation, appliedVersion });
    }
    await parts.runs.close(run.runId, { outcome: 'interrupted', report: null });
  }
  return resolved;
}
