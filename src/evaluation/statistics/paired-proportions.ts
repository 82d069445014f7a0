import { requireBetween, requireCount } from './checked-numbers.ts';
import { normalQuantile } from './normal.ts';
import type { Interval } from './proportion-intervals.ts';

/** Items of a paired comparison: passed by the candidate alone, by the base alone, and all of them. */
export interface PairedCounts {
  readonly candidateOnly: number;
  readonly baseOnly: number;
  readonly items: number;
}

/**
 * Score statistic for "the difference of the paired proportions (candidate - base) is `delta`" (T. Tango, "Equivalence
 * test and confidence interval for the difference in proportions for the paired-sample design", 1998, equations 5 and 6).
 * Falls monotonically in delta; compared with a standard normal quantile.
 */
function scoreStatistic({ candidateOnly: b, baseOnly: c, items: n }: PairedCounts, delta: number): number {
  const difference = b - c - n * delta;
  // Restricted maximum likelihood estimate of P(base only): the larger root of A q^2 + B q + C.
  const linear = -b - c + (2 * n - b + c) * delta;
  const constant = -c * delta * (1 - delta);
  const root = Math.sqrt(Math.max(0, linear * linear - 8 * n * constant));
  // The form without cancellation, whichever sign the linear term has.
  const estimate = linear > 0 ? (-2 * constant) / (linear + root) : (root - linear) / (4 * n);
  const variance = n * (2 * Math.max(0, estimate) + delta * (1 - delta));
  if (variance > 0) return difference / Math.sqrt(variance);
  return difference === 0 ? 0 : Math.sign(difference) * Infinity;
}

function requirePaired({ candidateOnly, baseOnly, items }: PairedCounts): void {
  requireCount('items', items, 1);
  requireCount('candidateOnly', candidateOnly);
  requireCount('baseOnly', baseOnly);
  if (candidateOnly + baseOnly > items) throw new RangeError('more discordant items than items');
}

/** The delta where the statistic passes `level`, in [-1, 1]. */
function solve(counts: PairedCounts, level: number): number {
  let low = -1;
  let high = 1;
  for (let i = 0; i < 70; i += 1) {
    const middle = (low + high) / 2;
    if (scoreStatistic(counts, middle) > level) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Tango's two-sided score interval of the difference candidate - base. Its 90 % interval holds the two one-sided 95 % bounds. */
export function tangoInterval(counts: PairedCounts, confidence = 0.95): Interval {
  requirePaired(counts);
  requireBetween('confidence', confidence, 0.01, 1 - 1e-9);
  const z = normalQuantile((1 + confidence) / 2);
  return { lower: solve(counts, z), upper: solve(counts, -z) };
}

/** z of Tango's test of non-inferiority: "candidate - base <= -margin" is refused when it exceeds the normal quantile; 0 <= margin < 1. */
export function tangoStatistic(counts: PairedCounts, margin: number): number {
  requirePaired(counts);
  requireBetween('margin', margin, 0, 1 - 1e-9);
  return scoreStatistic(counts, -margin);
}
