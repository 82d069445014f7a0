import { requireSample } from './checked-numbers.ts';

/** Arithmetic mean; throws a RangeError for an empty sample or one that is not finite. */
export function mean(values: readonly number[]): number {
  requireSample('values', values);
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Variance with n - 1 in the denominator, two passes; at least two values. */
export function sampleVariance(values: readonly number[]): number {
  requireSample('values', values, 2);
  const center = mean(values);
  return values.reduce((sum, value) => sum + (value - center) ** 2, 0) / (values.length - 1);
}
