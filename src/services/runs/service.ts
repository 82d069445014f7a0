/** States of runs and of their steps. */
export type StoredState = 'pending' | 'waiting-approval' | 'running' | 'succeeded' | 'failed' | 'skipped' | 'aborted';

/** A run as it is stored; `R` is what its interpreter keeps about it, as JSON. */
export interface StoredRun<R> {
  readonly id: string;
  readonly documentSha256: string;
  readonly state: StoredState;
  /** Counts from 1; a resumed run has the next one. */
  readonly attempt: number;
  readonly openedAt: string;
  readonly endedAt: string | null;
  readonly details: R;
}

export interface StoredStep<S> {
  readonly index: number;
  readonly state: StoredState;
  readonly details: S;
}

export interface StoredRecord<R, S> {
  readonly run: StoredRun<R>;
  /** In the order of their index. */
  readonly steps: readonly StoredStep<S>[];
}

/** What a change does: the rows to write, and the answer to who asked for it. */
export interface RunChange<R, S, T> {
  readonly run?: StoredRun<R> | undefined;
  readonly steps?: readonly StoredStep<S>[] | undefined;
  readonly answer: T;
}

/** The rows of runs. All methods fail with DATABASE_UNAVAILABLE when the database cannot be reached. */
export interface RunStore<R, S> {
  /** False, and nothing is written, when there is a run of this id. */
  create(record: StoredRecord<R, S>, text: string): Promise<boolean>;
  find(id: string): Promise<StoredRecord<R, S> | undefined>;
  text(documentSha256: string): Promise<string | undefined>;
  /** Newest first. */
  newest(limit: number): Promise<readonly StoredRun<R>[]>;
  /** Those that have not ended, oldest first. */
  open(): Promise<readonly StoredRun<R>[]>;
  /**
   * Reads a run, alone with one of its steps where an index is given, and writes what `work` makes of it: one transaction, one at a
   * time for each run. Nothing is written when `work` throws. NOT_FOUND when there is no such run.
   */
  change<T>(id: string, index: number | 'all' | null, work: (record: StoredRecord<R, S>) => RunChange<R, S, T>): Promise<T>;
}

/** What the body of a durable run may do: the results of both are remembered, so that a restart goes on behind them. */
export interface EngineSteps {
  /** At least once; remembered once it has resolved. Must not reject: what cannot be told is retried inside. */
  step<T extends EngineJson>(name: string, work: () => Promise<T>): Promise<T>;
  /** Ends at the next `wake`, at one that came before and was not waited for, or when the time is over. */
  waitForWake(seconds: number): Promise<void>;
}

export type EngineJson = string | number | boolean | null | { readonly [name: string]: EngineJson };

export type EngineBody = (id: string, steps: EngineSteps) => Promise<void>;

/** Runs bodies so that they survive a kill at any moment: they go on at the next start of the engine. */
export interface DurableEngine {
  /** Starts the body with this id, once however often it is called. */
  start(id: string): Promise<void>;
  /** Ends a wait of this id; the same key counts once. */
  wake(id: string, key: string): Promise<void>;
  /** Stops without waiting for bodies that wait. What runs must have ended or never ends. */
  close(): Promise<void>;
}

export function hasEnded(state: StoredState): boolean {
  return state !== 'pending' && state !== 'waiting-approval' && state !== 'running';
}
