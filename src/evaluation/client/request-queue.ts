/** Lets a fixed number of requests run at once; the others wait in the order in which they came. */
export class RequestQueue {
  readonly #limit: number;
  #running = 0;
  readonly #waiting = new Set<() => void>();

  /** Throws a RangeError unless `limit` is a positive integer. */
  constructor(limit: number) {
    if (!Number.isSafeInteger(limit) || limit < 1) throw new RangeError(`concurrency is ${String(limit)}, must be an integer of at least 1`);
    this.#limit = limit;
  }

  /** Rejects with the signal's reason, out of the queue, when it aborts before the turn comes. */
  async run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    await this.#enter(signal);
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  #enter(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      if (this.#running < this.#limit) {
        this.#running += 1;
        resolve();
        return;
      }
      const grant = (): void => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = (): void => {
        this.#waiting.delete(grant);
        reject(signal.reason as Error);
      };
      this.#waiting.add(grant);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  /** The place goes straight to the next in line, so that nobody who comes now overtakes it. */
  #leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#running -= 1;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
