import { requireBetween, requireSample } from './checked-numbers.ts';

/** Quantile by linear interpolation between order statistics (R. Hyndman, Y. Fan 1996, type 7; numpy's default). Throws for an empty sample. */
export function quantile(values: readonly number[], share: number): number {
  requireSample('values', values);
  return sortedQuantile(Float64Array.from(values).sort(), share);
}

/** The same for values that are sorted and finite already. */
export function sortedQuantile(sorted: ArrayLike<number>, share: number): number {
  requireBetween('share', share, 0, 1);
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const low = sorted[below] ?? 0;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] ?? 0;
  return low + (high - low) * (place - below);
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}
