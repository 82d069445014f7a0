/** How far a run is. */
export interface RunProgress {
  readonly done: number;
  readonly total: number;
  /** Of `done`: found from an earlier, interrupted run. */
  readonly resumed: number;
  readonly elapsedMs: number;
  /** Estimate; null until the first item of this run is done. */
  readonly leftMs: number | null;
}

/** Time left if the rest goes on at the pace so far; what was found ready says nothing about the pace. */
export function progressOf(done: number, total: number, resumed: number, elapsedMs: number): RunProgress {
  const performed = done - resumed;
  return { done, total, resumed, elapsedMs, leftMs: done >= total ? 0 : performed <= 0 ? null : (elapsedMs / performed) * (total - done) };
}
