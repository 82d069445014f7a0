import { monotonicMs } from '../../core/clock.ts';
import { RawResults } from './raw-results.ts';
import type { RawHeader, RawResult } from './raw-results.ts';
import { progressOf } from './run-progress.ts';
import type { RunProgress } from './run-progress.ts';

export interface RunOptions<I, R> {
  /** Each with an id of its own. */
  readonly items: readonly I[];
  /**
   * Result of one item, a JSON value. It must not depend on other items or on time. What it throws ends the run; a result that
   * is "could not" has to be a value.
   */
  readonly perform: (item: I, signal: AbortSignal) => Promise<R>;
  /** File of the raw results. A file of the same run is gone on with; one of another run is refused. */
  readonly file: string;
  readonly header: RawHeader;
  /** Items at once; default 4. */
  readonly concurrency?: number;
  readonly onProgress?: (progress: RunProgress) => void;
  readonly signal?: AbortSignal;
}

const CONCURRENCY = 4;

function requireIds(items: readonly { readonly id: string }[]): readonly string[] {
  const ids = items.map(({ id }) => id);
  const seen = new Set<string>();
  const repeated = ids.find((id) => seen.size === seen.add(id).size);
  if (repeated !== undefined) throw new RangeError(`two items have the id ${repeated}`);
  return ids;
}

/**
 * Performs what is missing of a list of items, several at once, and gives the results in the order of the items, whatever
 * ended first. Each result is on disk before the next item starts, so after a kill the same call goes on where it was. Throws
 * FIELD_INVALID for a file of another run, RangeError for repeated ids, the signal's reason, or the first error of `perform`, after
 * everything that was running has ended.
 */
export async function runItems<I extends { readonly id: string }, R>(options: RunOptions<I, R>): Promise<readonly RawResult<R>[]> {
  const { items, perform, file, header, concurrency = CONCURRENCY, onProgress = () => undefined } = options;
  if (!Number.isSafeInteger(concurrency) || concurrency < 1) throw new RangeError(`concurrency is ${String(concurrency)}, must be an integer of at least 1`);
  const ids = requireIds(items);
  const raw = new RawResults<R>(file, header, ids);
  const failed = new AbortController();
  const signal = options.signal === undefined ? failed.signal : AbortSignal.any([options.signal, failed.signal]);
  const missing = items.filter(({ id }) => !raw.results.has(id));
  const resumed = items.length - missing.length;
  const startedMs = monotonicMs();
  const report = (): void => {
    onProgress(progressOf(raw.results.size, items.length, resumed, monotonicMs() - startedMs));
  };
  const queue = missing.values();
  const work = async (): Promise<void> => {
    for (const item of queue) {
      signal.throwIfAborted();
      raw.add(item.id, await perform(item, signal));
      report();
    }
  };
  try {
    report();
    const workers = Array.from({ length: Math.min(concurrency, missing.length) }, () =>
      work().catch((error: unknown) => {
        if (!signal.aborted) failed.abort(error);
      }),
    );
    await Promise.all(workers);
    signal.throwIfAborted();
    return raw.finish(ids);
  } finally {
    raw.close();
  }
}
