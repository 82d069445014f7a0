import { requireSample } from './checked-numbers.ts';
import { studentUpperTail } from './incomplete-beta.ts';
import { mean, sampleVariance } from './moments.ts';

export interface WelchTest {
  readonly t: number;
  readonly degreesOfFreedom: number;
  /** One-sided: the mean of the first is greater. */
  readonly p: number;
}

/** B. Welch's test of two means with unequal variances (1947). Null when both samples are constant. At least two values each. */
export function welchTest(first: readonly number[], second: readonly number[]): WelchTest | null {
  requireSample('first', first, 2);
  requireSample('second', second, 2);
  const a = sampleVariance(first) / first.length;
  const b = sampleVariance(second) / second.length;
  if (!(a + b > 0)) return null;
  const t = (mean(first) - mean(second)) / Math.sqrt(a + b);
  const degreesOfFreedom = (a + b) ** 2 / (a ** 2 / (first.length - 1) + b ** 2 / (second.length - 1));
  return { t, degreesOfFreedom, p: studentUpperTail(t, degreesOfFreedom) };
}
