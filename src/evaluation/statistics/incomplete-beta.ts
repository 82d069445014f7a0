import { requireBetween, requireCount } from './checked-numbers.ts';
import { deviance, stirlingError } from './log-gamma.ts';

const TINY = 1e-300;

/** ln(x^a (1-x)^b Gamma(a+b) / (Gamma(a) Gamma(b))) by Loader's deviance form; `y` is 1 - x, given apart because it may be tiny. */
function logPrefactor(a: number, b: number, x: number, y: number): number {
  const n = a + b;
  const errors = stirlingError(n) - stirlingError(a) - stirlingError(b);
  return errors - deviance(a, n * x) - deviance(b, n * y) + 0.5 * Math.log((a / n) * (b / (2 * Math.PI)));
}

/** The continued fraction of I_x(a, b) by Lentz (Abramowitz and Stegun 26.5.8), convergent for x < (a+1)/(a+b+2). */
function fraction(a: number, b: number, x: number): number {
  const guard = (value: number): number => (Math.abs(value) < TINY ? TINY : value);
  let c = 1;
  let d = 1 / guard(1 - ((a + b) * x) / (a + 1));
  let h = d;
  for (let m = 1; m < 100_000; m += 1) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / guard(1 + even * d);
    c = guard(1 + even / c);
    h *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / guard(1 + odd * d);
    c = guard(1 + odd / c);
    const delta = d * c;
    h *= delta;
    if (Math.abs(delta - 1) < 4e-16) break;
  }
  return h;
}

function lower(a: number, b: number, x: number, y: number): number {
  if (x <= 0) return 0;
  if (y <= 0) return 1;
  const front = Math.exp(logPrefactor(a, b, x, y));
  return x < (a + 1) / (a + b + 2) ? (front * fraction(a, b, x)) / a : 1 - (front * fraction(b, a, y)) / b;
}

/**
 * Regularised incomplete beta function I_x(a, b), a, b > 0, 0 <= x <= 1. Give `y` = 1 - x where it is known better than by
 * subtraction. Small values are accurate in relative terms; a value near 1 is accurate as 1 minus its small complement.
 */
export function incompleteBeta(a: number, b: number, x: number, y = 1 - x): number {
  requireBetween('a', a, Number.MIN_VALUE, 1e9);
  requireBetween('b', b, Number.MIN_VALUE, 1e9);
  requireBetween('x', x, 0, 1);
  return lower(a, b, x, y);
}

/** x with I_x(a, b) = p, by bisection of an interval that halves until its ends are neighbours (relative error about 1e-15 for x < 1/2). */
export function betaQuantile(p: number, a: number, b: number): number {
  requireBetween('p', p, 0, 1);
  if (p === 0 || p === 1) return p;
  // Above one half the complement is the smaller number and keeps more digits.
  if (incompleteBeta(a, b, 0.5) < p) return 1 - smallQuantile((y) => lower(b, a, y, 1 - y), 1 - p);
  return smallQuantile((x) => lower(a, b, x, 1 - x), p);
}

/** The quantile of an increasing function on [0, 1/2]. */
function smallQuantile(cdf: (x: number) => number, p: number): number {
  let low = 0;
  let high = 0.5;
  for (let i = 0; i < 2000; i += 1) {
    // Far below the upper end the ratio of the ends is halved, not their distance: tiny quantiles would take 1,000 steps.
    const middle = low > 0 && high / low > 4 ? Math.sqrt(low * high) : (low + high) / 2;
    if (middle <= low || middle >= high) break;
    if (cdf(middle) < p) low = middle;
    else high = middle;
  }
  return high;
}

/** P(X >= k) of a binomial variable with n trials of probability p: I_p(k, n - k + 1) (Abramowitz and Stegun 26.5.24). */
export function binomialUpperTail(k: number, n: number, p: number): number {
  requireCount('n', n);
  requireCount('k', k);
  requireBetween('p', p, 0, 1);
  if (k === 0) return 1;
  return k > n ? 0 : incompleteBeta(k, n - k + 1, p);
}

/** P(T >= t) of Student's t; degrees of freedom > 0, not necessarily whole (Abramowitz and Stegun 26.7.1). */
export function studentUpperTail(t: number, degreesOfFreedom: number): number {
  requireBetween('degreesOfFreedom', degreesOfFreedom, Number.MIN_VALUE, 1e9);
  requireBetween('t', t, -Infinity, Infinity);
  if (Math.abs(t) === Infinity) return t > 0 ? 0 : 1;
  const square = t * t;
  const tail = 0.5 * incompleteBeta(degreesOfFreedom / 2, 0.5, degreesOfFreedom / (degreesOfFreedom + square), square / (degreesOfFreedom + square));
  return t > 0 ? tail : 1 - tail;
}
