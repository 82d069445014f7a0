import { requireBetween } from './checked-numbers.ts';
import { gammaP, gammaQ, logGammaQ } from './incomplete-gamma.ts';

const SQRT_TWO_PI = 2.5066282746310002;

/** Complementary error function: erfc(x) = Q(1/2, x^2) for x >= 0 (Abramowitz and Stegun 6.5.17); relative error about 1e-14. */
export function erfc(x: number): number {
  requireBetween('x', x, -Infinity, Infinity);
  return x >= 0 ? gammaQ(0.5, x * x) : 1 + gammaP(0.5, x * x);
}

/** P(Z <= z) of the standard normal distribution; accurate in relative terms in the lower tail. */
export function normalCdf(z: number): number {
  requireBetween('z', z, -Infinity, Infinity);
  const half = z * z * 0.5;
  return z < 0 ? 0.5 * gammaQ(0.5, half) : 0.5 + 0.5 * gammaP(0.5, half);
}

/** P(Z >= z) of the standard normal distribution; accurate in relative terms in the upper tail. */
export function normalUpperTail(z: number): number {
  return normalCdf(-z);
}

/** ln P(Z <= z): finite where the probability itself underflows. */
export function logNormalCdf(z: number): number {
  if (z >= -1) return z > 0 ? Math.log1p(-normalCdf(-z)) : Math.log(normalCdf(z));
  requireBetween('z', z, -1e150, Infinity);
  return logGammaQ(0.5, z * z * 0.5) - Math.LN2;
}

function normalDensity(z: number): number {
  return Math.exp(-0.5 * z * z) / SQRT_TWO_PI;
}

/**
 * z with P(Z <= z) = p; 0 and 1 give the infinities. Starts from Hastings (Abramowitz and Stegun 26.2.23, error 4.5e-4) and
 * takes Halley's steps on our own cdf until nothing changes (relative error about 1e-15).
 */
export function normalQuantile(p: number): number {
  requireBetween('p', p, 0, 1);
  if (p === 0 || p === 1) return p === 0 ? -Infinity : Infinity;
  if (p > 0.5) return -normalQuantile(1 - p);
  const t = Math.sqrt(-2 * Math.log(p));
  let z = -(t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308))));
  if (z > 0) z = 0;
  for (let i = 0; i < 6; i += 1) {
    // Near the middle z is small, and only the distance from one half keeps its digits.
    const residual = p > 0.25 ? 0.5 - p - 0.5 * gammaP(0.5, z * z * 0.5) : normalCdf(z) - p;
    const step = residual / normalDensity(z);
    if (!Number.isFinite(step)) break;
    const change = step / (1 + (z * step) / 2);
    z -= change;
    if (Math.abs(change) <= 1e-16 * Math.abs(z)) break;
  }
  return z;
}
