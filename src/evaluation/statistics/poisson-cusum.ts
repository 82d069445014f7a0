import { requireBetween, requireSample } from './checked-numbers.ts';

export interface CusumPath {
  /** S after each count. */
  readonly path: readonly number[];
  /** Index of the first count at which S reached the limit; null when it never did. */
  readonly alarmAt: number | null;
}

/**
 * One-sided Poisson CUSUM S = max(0, S + x ln(l1/l0) - (l1 - l0)) (E. Page 1954; J. Lucas 1985) for counts with their own
 * expected rates, alarm at ln(1/alpha). `rates` is l0 for every count (one number for all, or one each, > 0); l1 = ratio * l0, ratio > 1.
 */
export function poissonCusum(counts: readonly number[], rates: number | readonly number[], ratio: number, alpha = 1e-4): CusumPath {
  requireSample('counts', counts, 0);
  requireBetween('ratio', ratio, 1 + 1e-9, 1e9);
  requireBetween('alpha', alpha, 1e-300, 1);
  const limit = -Math.log(alpha);
  let s = 0;
  let alarmAt: number | null = null;
  const path = counts.map((count, i) => {
    const rate = typeof rates === 'number' ? rates : (rates[i] ?? Number.NaN);
    requireBetween(`rates[${String(i)}]`, rate, 1e-12, 1e12);
    s = Math.max(0, s + count * Math.log(ratio) - (ratio - 1) * rate);
    if (alarmAt === null && s >= limit) alarmAt = i;
    return s;
  });
  return { path, alarmAt };
}
