import { requireBetween, requireCount } from './checked-numbers.ts';
import { betaQuantile } from './incomplete-beta.ts';
import { normalQuantile } from './normal.ts';

/** A closed interval; both ends are in the unit of what is estimated. */
export interface Interval {
  readonly lower: number;
  readonly upper: number;
}

function requireShare(successes: number, trials: number): void {
  requireCount('trials', trials, 1);
  requireCount('successes', successes);
  requireBetween('successes', successes, 0, trials);
}

/** Wilson's two-sided score interval of a proportion (E. B. Wilson 1927), clipped to [0, 1]. Throws a RangeError unless 0 <= successes <= trials, trials >= 1. */
export function wilsonInterval(successes: number, trials: number, confidence = 0.95): Interval {
  requireShare(successes, trials);
  requireBetween('confidence', confidence, 0, 1);
  const z = normalQuantile((1 + confidence) / 2);
  const share = successes / trials;
  const denominator = 1 + (z * z) / trials;
  const center = (share + (z * z) / (2 * trials)) / denominator;
  const half = (z * Math.sqrt((share * (1 - share)) / trials + (z * z) / (4 * trials * trials))) / denominator;
  // At the ends the formula is exact but its floating-point value is not.
  return { lower: successes === 0 ? 0 : Math.max(0, center - half), upper: successes === trials ? 1 : Math.min(1, center + half) };
}

/** Two-sided exact interval of a proportion from beta quantiles (C. Clopper, E. Pearson 1934). */
export function clopperPearsonInterval(successes: number, trials: number, confidence = 0.95): Interval {
  requireShare(successes, trials);
  requireBetween('confidence', confidence, 0, 1);
  const tail = (1 - confidence) / 2;
  return {
    lower: successes === 0 ? 0 : betaQuantile(tail, successes, trials - successes + 1),
    upper: successes === trials ? 1 : betaQuantile(1 - tail, successes + 1, trials - successes),
  };
}

/** Smallest n with (1 - rate)^n <= alpha: so many trials without a failure exclude a failure rate of `rate`; 0 < rate, alpha < 1. */
export function zeroFailureTrials(rate: number, alpha = 0.05): number {
  requireBetween('rate', rate, 1e-12, 1 - 1e-12);
  requireBetween('alpha', alpha, 1e-300, 1 - 1e-12);
  const estimate = Math.max(1, Math.floor(Math.log(alpha) / Math.log1p(-rate)) - 1);
  for (let n = estimate; ; n += 1) if (n * Math.log1p(-rate) <= Math.log(alpha) + 1e-12) return n;
}
