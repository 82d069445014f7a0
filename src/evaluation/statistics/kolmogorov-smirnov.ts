import { requireSample } from './checked-numbers.ts';
import { kolmogorovUpperTail } from './kolmogorov-distribution.ts';

export interface KolmogorovSmirnov {
  /** Largest distance of the two empirical distribution functions. */
  readonly statistic: number;
  /** Two-sided, from the one-sample distribution with round(n m / (n + m)) values: the usual asymptotic form for two samples. */
  readonly p: number;
}

function sorted(values: readonly number[]): Float64Array {
  return Float64Array.from(values).sort();
}

/** Half of a tie goes to the even neighbor, as in numpy: the p-value depends on it. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** Visits every distinct value of both samples upwards with the two distribution functions from there on. */
function walkDistributions(first: Float64Array, second: Float64Array, visit: (value: number, f: number, g: number) => void): void {
  let i = 0;
  let j = 0;
  while (i < first.length || j < second.length) {
    const value = Math.min(first[i] ?? Infinity, second[j] ?? Infinity);
    while (i < first.length && first[i] === value) i += 1;
    while (j < second.length && second[j] === value) j += 1;
    visit(value, i / first.length, j / second.length);
  }
}

/** Two-sample Kolmogorov-Smirnov test. Throws a RangeError for an empty or not finite sample. */
export function kolmogorovSmirnov(first: readonly number[], second: readonly number[]): KolmogorovSmirnov {
  requireSample('first', first);
  requireSample('second', second);
  let statistic = 0;
  walkDistributions(sorted(first), sorted(second), (_value, f, g) => {
    statistic = Math.max(statistic, Math.abs(f - g));
  });
  const effective = Math.max(1, roundHalfEven((first.length * second.length) / (first.length + second.length)));
  return { statistic, p: kolmogorovUpperTail(effective, statistic) };
}

/** First Wasserstein distance, the area between the two distribution functions, in the unit of the values. */
export function wassersteinDistance(first: readonly number[], second: readonly number[]): number {
  requireSample('first', first);
  requireSample('second', second);
  let area = 0;
  let height = 0;
  let previous = 0;
  walkDistributions(sorted(first), sorted(second), (value, f, g) => {
    if (height > 0) area += height * (value - previous);
    previous = value;
    height = Math.abs(f - g);
  });
  return area;
}
