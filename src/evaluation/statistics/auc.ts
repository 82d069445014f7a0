import { requireBetween, requireSample } from './checked-numbers.ts';
import { normalQuantile, normalUpperTail } from './normal.ts';
import type { Interval } from './proportion-intervals.ts';
import { midranks } from './ranks.ts';

/** Area under the ROC curve: P(score of a positive > score of a negative) + half of the ties, with its standard error. */
export interface AucEstimate {
  readonly auc: number;
  /** DeLong's standard error; null with fewer than two positives or negatives. */
  readonly standardError: number | null;
}

function concatenated(positives: readonly number[], negatives: readonly number[]): number[] {
  requireSample('positives', positives);
  requireSample('negatives', negatives);
  return [...positives, ...negatives];
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

/** Variance with n - 1 in the denominator. */
function variance(values: Float64Array): number {
  const mean = sum(values) / values.length;
  return values.reduce((total, value) => total + (value - mean) ** 2, 0) / (values.length - 1);
}

/** AUC by ranks. Throws a RangeError when a class is empty or a score is not finite. */
export function areaUnderCurve(positives: readonly number[], negatives: readonly number[]): number {
  const { ranks } = midranks(concatenated(positives, negatives));
  const [n1, n0] = [positives.length, negatives.length];
  return (sum(ranks.subarray(0, n1)) - (n1 * (n1 + 1)) / 2) / (n1 * n0);
}

/**
 * AUC with the standard error of E. DeLong, D. DeLong and D. Clarke-Pearson (1988), placement values from midranks in
 * O(n log n) (X. Sun, W. Xu 2014): SE^2 = var(V10)/n1 + var(V01)/n0.
 */
export function deLong(positives: readonly number[], negatives: readonly number[]): AucEstimate {
  const all = midranks(concatenated(positives, negatives)).ranks;
  const [n1, n0] = [positives.length, negatives.length];
  const within1 = midranks(positives).ranks;
  const within0 = midranks(negatives).ranks;
  const v10 = within1.map((rank, i) => ((all[i] ?? 0) - rank) / n0);
  const v01 = within0.map((rank, j) => 1 - ((all[n1 + j] ?? 0) - rank) / n1);
  const auc = sum(v10) / n1;
  const standardError = n1 < 2 || n0 < 2 ? null : Math.sqrt(variance(v10) / n1 + variance(v01) / n0);
  return { auc, standardError };
}

/** Normal interval of a DeLong estimate, not clipped (as the formula gives it); [0, 1] without a standard error. */
export function aucInterval({ auc, standardError }: AucEstimate, confidence = 0.95): Interval {
  requireBetween('confidence', confidence, 0.01, 1 - 1e-12);
  if (standardError === null) return { lower: 0, upper: 1 };
  const half = normalQuantile((1 + confidence) / 2) * standardError;
  return { lower: auc - half, upper: auc + half };
}

/** p of the Mann-Whitney test, normal approximation with ties and continuity correction (H. Mann, D. Whitney 1947); 1 or 1/2 when all values are equal. */
export function mannWhitney(first: readonly number[], second: readonly number[]): { readonly greater: number; readonly twoSided: number } {
  const { ranks, tieTerm } = midranks(concatenated(first, second));
  const [n1, n0] = [first.length, second.length];
  const n = n1 + n0;
  const statistic = sum(ranks.subarray(0, n1)) - (n1 * (n1 + 1)) / 2;
  const mean = (n1 * n0) / 2;
  const deviation = Math.sqrt(((n1 * n0) / 12) * (n + 1 - tieTerm / (n * (n - 1))));
  if (!(deviation > 0)) return { greater: 0.5, twoSided: 1 };
  return {
    greater: normalUpperTail((statistic - mean - 0.5) / deviation),
    twoSided: Math.min(1, 2 * normalUpperTail((Math.abs(statistic - mean) - 0.5) / deviation)),
  };
}

/** Share of positives strictly above the cut; the cut is element floor(rate * n) of the negatives sorted downwards, minus infinity past the last. */
export function truePositiveRate(
  positives: readonly number[],
  negatives: readonly number[],
  falsePositiveRate: number,
): { readonly hits: number; readonly rate: number } {
  requireSample('positives', positives);
  requireSample('negatives', negatives);
  requireBetween('falsePositiveRate', falsePositiveRate, 0, 1);
  const cut = Float64Array.from(negatives).sort().reverse()[Math.floor(falsePositiveRate * negatives.length)] ?? -Infinity;
  const hits = positives.filter((score) => score > cut).length;
  return { hits, rate: hits / positives.length };
}
