/** Larger files go to a thread one at a time. */
const SMALL = 64 * 1024;
/** With fewer the messages between threads take longer than the scan of small files. */
const TOGETHER = 32;

/** Files that wait for a thread: the largest first, so that the last one to end is a small one. */
export class ScanQueue<Job extends { readonly size: number }> {
  readonly #waiting: Job[];
  /** Those that were in a batch whose thread broke. */
  readonly #alone: Job[] = [];
  readonly #threads: number;

  constructor(jobs: readonly Job[], threads: number) {
    this.#waiting = jobs.toSorted((a, b) => a.size - b.size);
    this.#threads = threads;
  }

  /** The next files for one thread, several small ones together; none when all are taken. */
  take(): Job[] {
    const alone = this.#alone.pop();
    if (alone !== undefined) return [alone];
    const first = this.#waiting.pop();
    if (first === undefined) return [];
    if (first.size > SMALL) return [first];
    const more = Math.min(TOGETHER - 1, Math.floor(this.#waiting.length / (2 * this.#threads)));
    return [first, ...this.#waiting.splice(this.#waiting.length - more, more).reverse()];
  }

  /** Puts back what has to be scanned one by one, because one of them breaks its thread and which is not known. */
  separate(jobs: readonly Job[]): void {
    this.#alone.push(...jobs);
  }
}
