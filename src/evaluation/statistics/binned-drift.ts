import { requireCount, requireSample } from './checked-numbers.ts';
import { sortedQuantile } from './quantile.ts';

/** How far two samples of one measure lie apart, over bins of equal share of the reference. */
export interface BinnedDrift {
  /** Population stability index: sum of (q - p) ln(q / p), natural logarithm. */
  readonly populationStability: number;
  /** Jensen-Shannon divergence in bits, 0 to 1, and its square root, the distance (J. Lin 1991). */
  readonly jensenShannonBits: number;
  readonly jensenShannonDistance: number;
  /** Hellinger distance, 0 to 1. */
  readonly hellinger: number;
}

/** A bin that nobody is in counts as this share: PSI divides by it. */
const SMALLEST_SHARE = 1e-4;

/** Number of values at or above which each bin starts; the first bin is open below, the last above. */
function shares(sorted: Float64Array, starts: readonly number[]): number[] {
  let from = 0;
  const counts = starts.map((_start, i) => {
    const end = starts[i + 1];
    let to = from;
    while (to < sorted.length && (end === undefined || (sorted[to] ?? 0) < end)) to += 1;
    const count = to - from;
    from = to;
    return count;
  });
  const floored = counts.map((count) => Math.max(count / sorted.length, SMALLEST_SHARE));
  const total = floored.reduce((sum, share) => sum + share, 0);
  return floored.map((share) => share / total);
}

/**
 * PSI, Jensen-Shannon and Hellinger over bins at the reference's quantiles (linear interpolation), closed below, open ends;
 * shares are floored at 1e-4 and made to sum to 1 again. Throws a RangeError for an empty or not finite sample.
 */
export function binnedDrift(reference: readonly number[], current: readonly number[], bins = 10): BinnedDrift {
  requireSample('reference', reference);
  requireSample('current', current);
  requireCount('bins', bins, 2);
  const sorted = Float64Array.from(reference).sort();
  const starts = Array.from({ length: bins }, (_unused, i) => (i === 0 ? -Infinity : sortedQuantile(sorted, i / bins)));
  return shareDrift(shares(sorted, starts), shares(Float64Array.from(current).sort(), starts));
}

/** The same for categories: counts by category in one order; every category needs a place in both. */
export function categoryDrift(reference: readonly number[], current: readonly number[]): BinnedDrift {
  requireSample('reference', reference, 2);
  requireSample('current', current, 2);
  if (reference.length !== current.length) throw new RangeError('reference and current count different categories');
  const toShares = (counts: readonly number[]): number[] => {
    const total = counts.reduce((sum, count) => sum + count, 0);
    if (!(total > 0) || counts.some((count) => count < 0)) throw new RangeError('counts must not be negative, nor all zero');
    const floored = counts.map((count) => Math.max(count / total, SMALLEST_SHARE));
    const all = floored.reduce((sum, share) => sum + share, 0);
    return floored.map((share) => share / all);
  };
  return shareDrift(toShares(reference), toShares(current));
}

function shareDrift(p: readonly number[], q: readonly number[]): BinnedDrift {
  let psi = 0;
  let js = 0;
  let overlap = 0;
  p.forEach((a, i) => {
    const b = q[i] ?? 0;
    const middle = (a + b) / 2;
    psi += (a - b) * Math.log(a / b);
    js += 0.5 * a * Math.log2(a / middle) + 0.5 * b * Math.log2(b / middle);
    overlap += Math.sqrt(a * b);
  });
  const bits = Math.min(1, Math.max(0, js));
  return { populationStability: psi, jensenShannonBits: bits, jensenShannonDistance: Math.sqrt(bits), hellinger: Math.sqrt(Math.max(0, 1 - overlap)) };
}
