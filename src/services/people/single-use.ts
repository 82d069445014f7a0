import { monotonicMs } from '../../core/clock.ts';
import { ElulmcError } from '../../core/errors.ts';

/** Values that wait in memory for their one use: a restart forgets them, and the person begins again. */
export interface SingleUse<T> {
  /** SIGN_IN_LIMITED when too many wait. */
  put(key: string, value: T): void;
  /** The value, once; undefined when it has expired, was taken or never existed. */
  take(key: string): T | undefined;
}

export function createSingleUse<T>(validForMs: number, limit: number): SingleUse<T> {
  /** In the order of their expiry. */
  const waiting = new Map<string, { readonly value: T; readonly untilMs: number }>();
  const dropExpired = (): void => {
    for (const [key, { untilMs }] of waiting) {
      if (untilMs > monotonicMs()) return;
      waiting.delete(key);
    }
  };
  return {
    put: (key, value) => {
      dropExpired();
      if (waiting.size >= limit) throw new ElulmcError('SIGN_IN_LIMITED', 'too many sign-ins have begun and not ended');
      waiting.set(key, { value, untilMs: monotonicMs() + validForMs });
    },
    take: (key) => {
      dropExpired();
      const found = waiting.get(key);
      waiting.delete(key);
      return found?.value;
    },
  };
}
