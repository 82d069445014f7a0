/** The only place that reads a clock. Everything else asks here, so that a test can see every reading. */

/** Wall clock in milliseconds since the Unix epoch. May jump; never use it for a deadline. */
export function wallMs(): number {
  return Date.now();
}

/** Wall clock as RFC 3339 in UTC with milliseconds, the form of every `...At` field. */
export function wallAt(): string {
  return new Date().toISOString();
}

/** Monotonic clock in milliseconds with a fraction. Never jumps; leases, timeouts and durations use it. */
export function monotonicMs(): number {
  return performance.now();
}

/** Resolves after `ms` milliseconds, or rejects with the signal's reason when it aborts first. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason as Error);
      return;
    }
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
