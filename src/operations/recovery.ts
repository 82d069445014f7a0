import { asRecord } from '../core/json.ts';
import type { LedgerEntry } from '../ledger/entry.ts';
import type { LedgerLog } from '../ledger/log.ts';
import type { PostureService } from '../services/posture/service.ts';
import { doneEntry, intentEntry } from './entries.ts';
import type { RecordedRun, RunResult } from './entries.ts';
import type { OperationRuns, StoredOperationRun } from './runs.ts';
import type { RecordedSince } from './spool.ts';

export interface ResolvedRun {
  readonly runId: string;
  readonly operation: string;
  /** Posture version that carries the run's effect, or null when it had none. */
  readonly appliedVersion: number | null;
}

/** A run as its row remembers it: the input itself is only in the intent. */
function recordedRunOf(run: StoredOperationRun): RecordedRun {
  return {
    runId: run.runId,
    actor: run.actor,
    operation: run.operation,
    ref: run.ref,
    input: {},
    plan: run.kept?.plan ?? { changes: [], notes: [] },
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
 * Gives every run that a crash or a takeover left open its result: the one that was kept before it could be recorded, else
 * `interrupted`, with what the posture knows of its effect. Runs whose
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
    const result = resultOf(run, appliedVersion);
    if (!recorded.done && happened) {
      const recordedRun = recordedRunOf(run);
      if (!recorded.intent) await log.append(withOrigin(run, intentEntry(recordedRun)));
      await log.appendSigned(withOrigin(run, doneEntry(recordedRun, { ...result, appliedVersion })));
      resolved.push({ runId: run.runId, operation: run.operation, appliedVersion });
    }
    await runs.close(run.runId, { outcome: result.outcome, report: run.kept });
  }
  return resolved;
}

/** What was kept of the run before the crash is its result: performing it again would record another one. */
function resultOf({ kept }: StoredOperationRun, appliedVersion: number | null): Pick<RunResult, 'outcome' | 'summary' | 'tookMs'> {
  if (kept !== null) return { outcome: kept.verdict, summary: kept.summary, tookMs: kept.tookMs };
  const applied = appliedVersion === null ? 'no change of the posture was applied' : `applied in posture version ${String(appliedVersion)}`;
  return { outcome: 'interrupted', summary: `Interrupted; ${applied}.`, tookMs: 0 };
}
