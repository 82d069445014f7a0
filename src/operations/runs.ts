import type { RunOutcome } from './entries.ts';
import type { OperationReport } from './report.ts';

/** A call that the door has opened: the row that finds an intent without a result after a crash. */
export interface OperationRun {
  readonly runId: string;
  /** `security emergency-isolation`. */
  readonly operation: string;
  readonly actor: string;
  readonly ref: string | null;
  /** SHA-256 of the whole input: the same run id with another input is another call. */
  readonly inputSha256: string;
  readonly planSha256: string;
  /** Size of the control log before the intent: its entries stand at or after this index. */
  readonly logSize: number;
  readonly openedAt: string;
}

export interface RunEnd {
  readonly outcome: RunOutcome;
  /** Given again to whoever repeats the call; null when there is nothing to repeat (failed, interrupted, shown once). */
  readonly report: OperationReport | null;
}

/** The rows of operation runs. All methods fail with DATABASE_UNAVAILABLE when the database cannot be reached. */
export interface OperationRuns {
  /** Durable when it resolves. A run that had ended is opened again. */
  open(run: OperationRun): Promise<void>;
  close(runId: string, end: RunEnd): Promise<void>;
  find(runId: string): Promise<{ readonly run: OperationRun; readonly end: RunEnd | null } | undefined>;
  /** Runs without an end, oldest first. */
  openRuns(): Promise<readonly OperationRun[]>;
}
