/** Of no values NaN. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] ?? NaN) : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}

/**
 * How far each value is from the median, in deviations that single outliers do not change (median absolute deviation, scaled to the
 * standard deviation of a normal distribution). A spread below a thousandth of the median counts as that much, so that equal values have no outliers.
 */
export function robustScores(values: readonly number[]): number[] {
  const middle = median(values);
  const spread = 1.4826 * median(values.map((value) => Math.abs(value - middle)));
  const floor = Math.max(spread, Math.abs(middle) / 1000, Number.MIN_VALUE);
  return values.map((value) => (value - middle) / floor);
}
