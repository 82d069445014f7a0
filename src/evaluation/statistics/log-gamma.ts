import { requireBetween } from './checked-numbers.ts';

const EULER_GAMMA = 0.57721566490153286;
const HALF_LOG_TWO_PI = 0.91893853320467274;
/** B_2k / (2k (2k-1)), k = 1..9: coefficients of Stirling's series (Abramowitz and Stegun 6.1.41). */
const STIRLING = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156, -3617 / 122400, 43867 / 244188];

/** zeta(k) - 1 by Euler and Maclaurin from n = 50. */
function zetaMinusOne(k: number): number {
  const n = 50;
  let sum = 0;
  for (let i = n - 1; i >= 2; i -= 1) sum += i ** -k;
  const tail = n ** (1 - k) / (k - 1) + n ** -k / 2 + (k * n ** (-k - 1)) / 12;
  const correction = (k * (k + 1) * (k + 2) * n ** (-k - 3)) / 720 - (k * (k + 1) * (k + 2) * (k + 3) * (k + 4) * n ** (-k - 5)) / 30240;
  return sum + tail - correction;
}

const ZETA = Array.from({ length: 30 }, (_unused, i) => zetaMinusOne(i + 2));

/** ln Gamma(2 + x) for |x| <= 1/2: x (1 - gamma) + sum over k >= 2 of (-1)^k (zeta(k) - 1) x^k / k (Abramowitz and Stegun 6.1.33). */
function nearTwo(x: number): number {
  let sum = 0;
  for (let k = ZETA.length + 1; k >= 2; k -= 1) sum = ((ZETA[k - 2] ?? 0) * (k % 2 === 0 ? 1 : -1)) / k + x * sum;
  return x * (1 - EULER_GAMMA) + x * x * sum;
}

/** Stirling's error ln Gamma(x + 1) - [(x + 1/2) ln x - x + ln(2 pi)/2] for x > 0, accurate in relative terms (Loader 2000). */
export function stirlingError(x: number): number {
  if (x < 15) return logGamma(x) + Math.log(x) - (x + 0.5) * Math.log(x) + x - HALF_LOG_TWO_PI;
  const square = 1 / (x * x);
  return STIRLING.reduceRight((sum, coefficient) => sum * square + coefficient, 0) / x;
}

/** Natural logarithm of Gamma(x), x > 0; relative error about 1e-15, also near its zeros 1 and 2. Throws a RangeError outside of the domain. */
export function logGamma(x: number): number {
  requireBetween('x', x, Number.MIN_VALUE, Number.MAX_VALUE);
  if (x >= 15) return (x - 0.5) * Math.log(x) - x + HALF_LOG_TWO_PI + stirlingError(x);
  if (x < 0.5) return nearTwo(x) - Math.log1p(x) - Math.log(x);
  if (x < 1.5) return nearTwo(x - 1) - Math.log1p(x - 1);
  let product = 1;
  let rest = x;
  while (rest > 2.5) {
    rest -= 1;
    product *= rest;
  }
  return nearTwo(rest - 2) + Math.log(product);
}

/**
 * Deviance term x ln(x/m) + m - x without cancellation (C. Loader, "Fast and accurate computation of binomial
 * probabilities", 2000): both the Poisson and the binomial density are products of Stirling errors and deviances.
 */
export function deviance(x: number, mean: number): number {
  if (Math.abs(x - mean) >= 0.1 * (x + mean)) return x * Math.log(x / mean) + mean - x;
  const v = (x - mean) / (x + mean);
  let term = 2 * x * v;
  let sum = (x - mean) * v;
  for (let j = 1; j < 1000; j += 1) {
    term *= v * v;
    const next = sum + term / (2 * j + 1);
    if (next === sum) break;
    sum = next;
  }
  return sum;
}
