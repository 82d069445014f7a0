import { requireBetween, requireCount, requireSample } from './checked-numbers.ts';
import type { Interval } from './proportion-intervals.ts';
import { sortedQuantile } from './quantile.ts';
import { seededGenerator } from './seeded-generator.ts';

export interface BootstrapOptions {
  readonly seed: number;
  /** Default 10,000. */
  readonly resamples?: number;
  /** Default 0.95, two-sided. */
  readonly confidence?: number;
}

/**
 * Percentile interval (B. Efron 1979) of a statistic of resampled units. Units are drawn within each stratum, `strata` being
 * their sizes; `statistic` gets the drawn indices of each, the same arrays every time. Null when a stratum has fewer than two
 * units. Values that are not finite are left out.
 */
export function bootstrapInterval(strata: readonly number[], statistic: (drawn: readonly Int32Array[]) => number, options: BootstrapOptions): Interval | null {
  const { seed, resamples = 10_000, confidence = 0.95 } = options;
  strata.forEach((size, i) => requireCount(`strata[${String(i)}]`, size));
  requireCount('resamples', resamples, 1);
  requireBetween('confidence', confidence, 0.01, 1 - 1e-9);
  if (strata.length === 0 || strata.some((size) => size < 2)) return null;
  const random = seededGenerator(seed, 'bootstrap');
  const drawn = strata.map((size) => new Int32Array(size));
  const values: number[] = [];
  for (let resample = 0; resample < resamples; resample += 1) {
    for (const stratum of drawn) for (let i = 0; i < stratum.length; i += 1) stratum[i] = random.below(stratum.length);
    const value = statistic(drawn);
    if (Number.isFinite(value)) values.push(value);
  }
  if (values.length === 0) return null;
  const sorted = Float64Array.from(values).sort();
  const tail = (1 - confidence) / 2;
  return { lower: sortedQuantile(sorted, tail), upper: sortedQuantile(sorted, 1 - tail) };
}

/**
 * Interval of the mean of paired differences. With `clusters`, one label each (an item that was repeated, a document), whole
 * clusters are drawn, so that repeats do not count as evidence of their own.
 */
export function bootstrapMean(differences: readonly number[], options: BootstrapOptions, clusters?: readonly string[]): Interval | null {
  requireSample('differences', differences);
  if (clusters !== undefined && clusters.length !== differences.length) throw new RangeError('clusters and differences have different lengths');
  const sums = new Map<string | number, { sum: number; count: number }>();
  differences.forEach((difference, i) => {
    const key = clusters?.[i] ?? i;
    const cluster = sums.get(key) ?? { sum: 0, count: 0 };
    cluster.sum += difference;
    cluster.count += 1;
    sums.set(key, cluster);
  });
  const units = [...sums.values()];
  const meanOf = ([drawn = new Int32Array()]: readonly Int32Array[]): number => {
    let sum = 0;
    let count = 0;
    for (const index of drawn) {
      sum += units[index]?.sum ?? 0;
      count += units[index]?.count ?? 0;
    }
    return sum / count;
  };
  return bootstrapInterval([units.length], meanOf, options);
}
