import { requireSample } from './checked-numbers.ts';
import { mean } from './moments.ts';
import { median } from './quantile.ts';

/** Makes the median and the mean absolute deviation of a normal sample estimate its standard deviation. */
const MEDIAN_SCALE = 1.482602218505602;
const MEAN_SCALE = 1.2533141373155003;

/**
 * Distance of a value from the median of its history in robust standard deviations (B. Iglewicz, D. Hoaglin 1993): the median
 * absolute deviation, or the mean one when more than half of the history is equal. Null when all of it is equal.
 */
export function robustZ(value: number, history: readonly number[]): number | null {
  requireSample('history', history);
  requireSample('value', [value]);
  const center = median(history);
  const deviations = history.map((past) => Math.abs(past - center));
  const scale = MEDIAN_SCALE * median(deviations) || MEAN_SCALE * mean(deviations);
  return scale > 0 ? (value - center) / scale : null;
}
