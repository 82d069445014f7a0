import { monotonicMs } from '../core/clock.ts';
import { ElulmcError } from '../core/errors.ts';

const WINDOW_MS = 60_000;
const MAX_ADDRESSES = 10_000;

/** Counts attempts per address in windows of one minute. SIGN_IN_LIMITED beyond `perMinute`, or when too many addresses try at once. */
export function createAttemptLimit(perMinute: number): (address: string) => void {
  const counts = new Map<string, number>();
  let windowStartMs = monotonicMs();
  return (address) => {
    if (monotonicMs() - windowStartMs >= WINDOW_MS) {
      counts.clear();
      windowStartMs = monotonicMs();
    }
    const count = (counts.get(address) ?? 0) + 1;
    if (count > perMinute || counts.size >= MAX_ADDRESSES) throw new ElulmcError('SIGN_IN_LIMITED', `more than ${String(perMinute)} attempts in a minute`);
    counts.set(address, count);
  };
}
