import { requireSample } from './checked-numbers.ts';
import { mean, sampleVariance } from './moments.ts';
import { minimize } from './simplex-search.ts';
import { logNormalCdf } from './normal.ts';

/** Azzalini's skew-normal distribution: density 2/scale phi(z) Phi(shape z), z = (x - location)/scale (A. Azzalini 1985). */
export interface SkewNormal {
  readonly shape: number;
  readonly location: number;
  readonly scale: number;
}

const LOG_TWO_OVER_ROOT = Math.LN2 - 0.91893853320467274;
/** The likelihood of some small samples rises for ever with the shape; beyond this the density is that of a half normal. */
const LARGEST_SHAPE = 50;

function logDensity(z: number, shape: number): number {
  return LOG_TWO_OVER_ROOT - 0.5 * z * z + logNormalCdf(shape * z);
}

/**
 * Fits by maximum likelihood, from the moments, by simplex search to the last digits that matter (1e-10). At least 10 values;
 * null when they hardly differ. Shapes are limited to 50 in absolute value.
 */
export function fitSkewNormal(values: readonly number[]): SkewNormal | null {
  requireSample('values', values, 10);
  const center = mean(values);
  const deviation = Math.sqrt(sampleVariance(values));
  if (!(deviation > 1e-12 * Math.max(1, Math.abs(center)))) return null;
  // Standardized: the search then has one size of step for every sample.
  const standard = values.map((value) => (value - center) / deviation);
  const loss = ([shape = 0, location = 0, logScale = 0]: readonly number[]): number => {
    if (Math.abs(shape) > LARGEST_SHAPE || Math.abs(logScale) > 20) return Infinity;
    const scale = Math.exp(logScale);
    return standard.reduce((sum, x) => sum - logDensity((x - location) / scale, shape), standard.length * logScale);
  };
  const skewness = standard.reduce((sum, x) => sum + x ** 3, 0) / standard.length;
  // Inverts the skewness of the distribution; past its largest value, .995, no shape gives it.
  const ratio = Math.min(0.99, Math.abs(skewness) / 0.9953) ** (2 / 3);
  const delta = Math.sign(skewness) * Math.sqrt(((Math.PI / 2) * ratio) / (ratio + ((4 - Math.PI) / 2) ** (2 / 3) / 0.9953 ** (2 / 3)));
  const bounded = Math.min(0.98, Math.max(-0.98, Number.isFinite(delta) ? delta : 0));
  const scale = 1 / Math.sqrt(1 - (2 * bounded * bounded) / Math.PI);
  const start = [bounded / Math.sqrt(1 - bounded * bounded), -scale * bounded * Math.sqrt(2 / Math.PI), Math.log(scale)];
  const [shape = 0, location = 0, logScale = 0] = minimize(loss, start, 0.3);
  return { shape, location: center + deviation * location, scale: deviation * Math.exp(logScale) };
}

/** ln of the integral of the density from z outwards (towards -infinity or +infinity), z not inside the bulk, by exp-sinh quadrature. */
function logTail(z: number, shape: number, direction: -1 | 1): number {
  const peak = logDensity(z, shape);
  let sum = 0;
  const step = 1 / 32;
  for (let k = -4 / step; k <= 3 / step; k += 1) {
    const s = k * step;
    const u = Math.exp((Math.PI / 2) * Math.sinh(s));
    const weight = (Math.PI / 2) * Math.cosh(s) * u;
    const value = weight * Math.exp(logDensity(z + direction * u, shape) - peak);
    if (Number.isFinite(value)) sum += value;
  }
  return peak + Math.log(sum * step);
}

/** ln P(X <= x), finite far in the tail where the probability underflows. */
export function logSkewNormalCdf(x: number, { shape, location, scale }: SkewNormal): number {
  requireSample('x', [x]);
  const z = (x - location) / scale;
  // The mode lies on the side of the shape's sign; the shorter tail is integrated.
  if (z <= 0.5) return logTail(z, shape, -1);
  return Math.log1p(-Math.exp(logTail(z, shape, 1)));
}
