import { requireBetween } from './checked-numbers.ts';
import { deviance, stirlingError } from './log-gamma.ts';

const TINY = 1e-300;
const EPSILON = 1e-16;

/** ln(x^a e^-x / Gamma(a)) by Loader's deviance form, so that a large `a` does not cost digits. */
function logPrefactor(a: number, x: number): number {
  return -stirlingError(a) - deviance(a, x) + 0.5 * Math.log(a / (2 * Math.PI));
}

/** Sum of x^k / (a (a+1) .. (a+k)), k >= 0 (Abramowitz and Stegun 6.5.29). */
function series(a: number, x: number): number {
  let term = 1 / a;
  let sum = term;
  for (let k = 1; k < 100_000; k += 1) {
    term *= x / (a + k);
    sum += term;
    if (term < sum * EPSILON) break;
  }
  return sum;
}

/** The continued fraction of Gamma(a, x) / (x^a e^-x), x > a + 1, by Lentz (Abramowitz and Stegun 6.5.31). */
function fraction(a: number, x: number): number {
  let b = x + 1 - a;
  let c = 1 / TINY;
  let d = 1 / b;
  let h = d;
  for (let i = 1; i < 100_000; i += 1) {
    const an = -i * (i - a);
    b += 2;
    d = an * d + b;
    if (Math.abs(d) < TINY) d = TINY;
    c = b + an / c;
    if (Math.abs(c) < TINY) c = TINY;
    d = 1 / d;
    const delta = d * c;
    h *= delta;
    if (Math.abs(delta - 1) < EPSILON * 4) break;
  }
  return h;
}

function check(a: number, x: number): void {
  requireBetween('a', a, Number.MIN_VALUE, 1e8);
  requireBetween('x', x, 0, Infinity);
}

/** Regularised lower incomplete gamma function P(a, x) = gamma(a, x) / Gamma(a), a > 0, x >= 0. */
export function gammaP(a: number, x: number): number {
  check(a, x);
  if (x === 0) return 0;
  if (x === Infinity) return 1;
  return x < a + 1 ? Math.min(1, Math.exp(logPrefactor(a, x)) * series(a, x)) : 1 - Math.exp(logPrefactor(a, x)) * fraction(a, x);
}

/** Regularised upper incomplete gamma function Q(a, x) = 1 - P(a, x); accurate in relative terms for x > a + 1, where it is small. */
export function gammaQ(a: number, x: number): number {
  check(a, x);
  return x === Infinity ? 0 : x < a + 1 ? 1 - gammaP(a, x) : Math.exp(logGammaQ(a, x));
}

/** ln Q(a, x), x > a + 1: finite where Q itself underflows. */
export function logGammaQ(a: number, x: number): number {
  check(a, x);
  return x < a + 1 ? Math.log1p(-gammaP(a, x)) : logPrefactor(a, x) + Math.log(fraction(a, x));
}

/** P(X >= statistic) for a chi-square variable; degrees of freedom > 0. */
export function chiSquareUpperTail(statistic: number, degreesOfFreedom: number): number {
  return gammaQ(degreesOfFreedom / 2, statistic / 2);
}
