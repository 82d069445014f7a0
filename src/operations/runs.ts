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

export interface StoredOperationRun extends OperationRun {
  /** Name of the control log in which it is recorded; another one than ours where another control plane led then. */
  readonly log: string;
  /** Log in which it began, where that is another one than `log`. */
  readonly begunIn: string | null;
  /** What it came to, kept before that was recorded; null where nothing was kept, and once the run has ended. */
  readonly kept: OperationReport | null;
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
  /** Goes on recording a run in our own log, where nothing about it stands before `logSize`. */
  adopt(run: StoredOperationRun, logSize: number): Promise<StoredOperationRun>;
  /** Keeps the report of an open run: a crash right after its record leaves nothing else to answer a repeated call with. */
  keep(runId: string, report: OperationReport): Promise<void>;
  close(runId: string, end: RunEnd): Promise<void>;
  find(runId: string): Promise<{ readonly run: StoredOperationRun; readonly end: RunEnd | null } | undefined>;
  /** Runs without an end, oldest first. */
  openRuns(): Promise<readonly StoredOperationRun[]>;
}
