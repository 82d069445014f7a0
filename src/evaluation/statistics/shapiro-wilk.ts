import { requireSample } from './checked-numbers.ts';
import { normalQuantile, normalUpperTail } from './normal.ts';

/** Polynomial coefficients, lowest power first, of P. Royston, "Algorithm AS R94" (1995). */
const LAST_WEIGHT = [0, 0.221157, -0.147981, -2.07119, 4.434685, -2.706056];
const SECOND_WEIGHT = [0, 0.042981, -0.293762, -1.752461, 5.682633, -3.582633];
const SMALL_MEAN = [0.544, -0.39978, 0.025054, -6.714e-4];
const SMALL_DEVIATION = [1.3822, -0.77857, 0.062767, -0.0020322];
const LARGE_MEAN = [-1.5861, -0.31082, -0.083751, 0.0038915];
const LARGE_DEVIATION = [-0.4803, -0.082676, 0.0030302];
const SMALL_GAMMA = [-2.273, 0.459];

function polynomial(coefficients: readonly number[], x: number): number {
  return coefficients.reduceRight((sum, coefficient) => sum * x + coefficient, 0);
}

/** Weights of the upper half of the order statistics, the largest first. */
function weights(n: number): number[] {
  if (n === 3) return [Math.SQRT1_2];
  const half = Math.floor(n / 2);
  const expected = Array.from({ length: half }, (_unused, i) => -normalQuantile((i + 1 - 0.375) / (n + 0.25)));
  const square = 2 * expected.reduce((sum, value) => sum + value * value, 0);
  const root = 1 / Math.sqrt(n);
  const [m1 = 0, m2 = 0] = expected;
  const first = polynomial(LAST_WEIGHT, root) + m1 / Math.sqrt(square);
  if (n <= 5) {
    const scale = Math.sqrt((square - 2 * m1 * m1) / (1 - 2 * first * first));
    return expected.map((value, i) => (i === 0 ? first : value / scale));
  }
  const second = polynomial(SECOND_WEIGHT, root) + m2 / Math.sqrt(square);
  const scale = Math.sqrt((square - 2 * m1 * m1 - 2 * m2 * m2) / (1 - 2 * first * first - 2 * second * second));
  return expected.map((value, i) => (i === 0 ? first : i === 1 ? second : value / scale));
}

function significance(w: number, n: number): number {
  if (n === 3) return Math.min(1, Math.max(0, (6 / Math.PI) * (Math.asin(Math.sqrt(w)) - Math.asin(Math.sqrt(0.75)))));
  const log = Math.log(n);
  const y = Math.log(1 - w);
  if (n > 11) return normalUpperTail((y - polynomial(LARGE_MEAN, log)) / Math.exp(polynomial(LARGE_DEVIATION, log)));
  const gamma = polynomial(SMALL_GAMMA, n);
  if (y >= gamma) return 0;
  return normalUpperTail((-Math.log(gamma - y) - polynomial(SMALL_MEAN, n)) / Math.exp(polynomial(SMALL_DEVIATION, n)));
}

/**
 * Shapiro and Wilk's test of normality, weights and p by Royston (1995), 3 to 5,000 values. W is 1 for a perfect fit.
 * Null when all values are equal. Throws a RangeError for another size or a value that is not finite.
 */
export function shapiroWilk(values: readonly number[]): { readonly w: number; readonly p: number } | null {
  requireSample('values', values, 3);
  if (values.length > 5000) throw new RangeError(`values has ${String(values.length)} values, at most 5000`);
  const sorted = Float64Array.from(values).sort();
  const n = sorted.length;
  const mean = sorted.reduce((sum, value) => sum + value, 0) / n;
  const spread = sorted.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  if (!(spread > 0)) return null;
  const linear = weights(n).reduce((sum, weight, i) => sum + weight * ((sorted[n - 1 - i] ?? 0) - (sorted[i] ?? 0)), 0);
  const w = Math.min(1, (linear * linear) / spread);
  return { w, p: w === 1 ? 1 : significance(w, n) };
}
