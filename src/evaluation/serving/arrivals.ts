import { requireBetween, requireCount } from '../statistics/checked-numbers.ts';
import { seededGenerator } from '../statistics/seeded-generator.ts';

/** An hour at a thousand a second. */
const MOST = 3_600_000;

/**
 * When requests come, in milliseconds from the start: a Poisson process of `perSecond` requests a second (exponential gaps), up to
 * but without `durationMs`. Nobody waits for answers (open loop), so a slow server does not get fewer requests. The same seed
 * gives the same times. Throws a RangeError for a rate or duration that is not positive, or over 3,600,000 requests expected.
 */
export function poissonArrivals(perSecond: number, durationMs: number, seed: number): readonly number[] {
  requireBetween('perSecond', perSecond, 1e-6, 1e6);
  requireCount('durationMs', durationMs, 1);
  requireBetween('expected requests', (perSecond * durationMs) / 1_000, 0, MOST);
  const random = seededGenerator(seed, 'arrivals');
  const times: number[] = [];
  for (let at = gap(); at < durationMs; at += gap()) times.push(at);
  return times;

  function gap(): number {
    return (-Math.log1p(-random.uniform()) / perSecond) * 1_000;
  }
}
