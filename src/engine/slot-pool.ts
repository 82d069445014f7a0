/** Slots that are lent one at a time; who asks while all are lent waits in order. */
export class SlotPool<T> {
  readonly #free: T[];
  readonly #waiting: ((slot: T) => void)[] = [];

  constructor(slots: readonly T[]) {
    this.#free = [...slots];
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Resolves with a slot that must be released. Rejects with the signal's reason, out of the queue, when it aborts first. */
  acquire(signal: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const free = this.#free.shift();
      if (free !== undefined) {
        resolve(free);
        return;
      }
      const grant = (slot: T): void => {
        signal.removeEventListener('abort', leave);
        resolve(slot);
      };
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(grant), 1);
        reject(signal.reason as Error);
      };
      this.#waiting.push(grant);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  release(slot: T): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(slot);
    else next(slot);
  }
}
