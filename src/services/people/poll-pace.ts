import { monotonicMs } from '../../core/clock.ts';
import { ElulmcError } from '../../core/errors.ts';

/** RFC 8628, section 3.5: who asks too early waits five seconds longer from then on. */
const SLOWER_MS = 5_000;

/**
 * Holds everybody who polls to the interval. SIGN_IN_SLOW_DOWN for who asked too early. Kept in memory, for `limit` of them: a
 * restart, or more of them, forgives the oldest.
 */
export function createPollPace(intervalMs: number, limit: number, now: () => number = monotonicMs): (who: string) => void {
  const polls = new Map<string, { readonly atMs: number; readonly intervalMs: number }>();
  return (who) => {
    const before = polls.get(who);
    const isEarly = before !== undefined && now() - before.atMs < before.intervalMs;
    const next = { atMs: now(), intervalMs: (before?.intervalMs ?? intervalMs) + (isEarly ? SLOWER_MS : 0) };
    polls.delete(who);
    polls.set(who, next);
    const [oldest] = polls.keys();
    if (polls.size > limit && oldest !== undefined) polls.delete(oldest);
    if (isEarly) throw new ElulmcError('SIGN_IN_SLOW_DOWN', `ask every ${String(next.intervalMs / 1000)} seconds, and not more often`);
  };
}
