import { binnedDrift } from '../statistics/binned-drift.ts';
import { requireSample } from '../statistics/checked-numbers.ts';
import { kolmogorovSmirnov } from '../statistics/kolmogorov-smirnov.ts';
import { median, quantile } from '../statistics/quantile.ts';

/** One number per request (length, share of digits, a topic's weight), in the order of time, over two periods. */
export interface DriftColumn {
  readonly name: string;
  readonly reference: readonly number[];
  readonly current: readonly number[];
}

export type DriftMeasure = 'psi' | 'js' | 'ks';

export interface MeasuredDrift {
  /** Median over pairs of a reference chunk and a current chunk. */
  readonly value: number;
  /** 95th percentile over pairs of reference chunks: what the reference does to itself. */
  readonly threshold: number;
  readonly above: boolean;
}

export interface ColumnDrift {
  readonly name: string;
  readonly chunkSize: number;
  readonly referencePairs: number;
  readonly measures: Readonly<Record<DriftMeasure, MeasuredDrift>>;
  /** At least two of the three measures lie above their threshold. */
  readonly drifted: boolean;
}

/** Nine chunks give 36 pairs; fewer say little about a 95th percentile. */
const SMALLEST_CHUNKS = 9;
const LARGEST_CHUNKS = 20;
const SMALLEST_CHUNK = 30;
const MEASURES: readonly DriftMeasure[] = ['psi', 'js', 'ks'];

function chunks(values: readonly number[], size: number): number[][] {
  const count = Math.min(LARGEST_CHUNKS, Math.floor(values.length / size));
  return Array.from({ length: count }, (_unused, i) => values.slice(i * size, (i + 1) * size));
}

function measure(reference: readonly number[], current: readonly number[]): Readonly<Record<DriftMeasure, number>> {
  const { populationStability, jensenShannonBits } = binnedDrift(reference, current);
  return { psi: populationStability, js: jensenShannonBits, ks: kolmogorovSmirnov(reference, current).statistic };
}

/**
 * Drift of one column against what the reference period does to itself, with chunks of one size throughout: every such measure
 * grows as samples shrink. Null when the reference does not give nine chunks of at least 30 values of the size that the
 * current period allows. Throws a RangeError for values that are not finite.
 */
export function columnDrift({ name, reference, current }: DriftColumn): ColumnDrift | null {
  requireSample(`${name}: reference`, reference, 0);
  requireSample(`${name}: current`, current, 0);
  const chunkSize = Math.min(Math.floor(reference.length / SMALLEST_CHUNKS), current.length);
  if (chunkSize < SMALLEST_CHUNK) return null;
  const past = chunks(reference, chunkSize);
  const now = chunks(current, chunkSize);
  const itself = past.flatMap((first, i) => past.slice(i + 1).map((second) => measure(first, second)));
  const found = past.flatMap((first) => now.map((second) => measure(first, second)));
  const entries = MEASURES.map((key) => {
    const value = median(found.map((values) => values[key]));
    const threshold = quantile(
      itself.map((values) => values[key]),
      0.95,
    );
    return [key, { value, threshold, above: value > threshold }] as const;
  });
  const measures = Object.fromEntries(entries) as Record<DriftMeasure, MeasuredDrift>;
  return { name, chunkSize, referencePairs: itself.length, measures, drifted: entries.filter(([, { above }]) => above).length >= 2 };
}

/** Columns by how far they lie beyond what the reference does to itself, the farthest first. */
export function movedMost(columns: readonly ColumnDrift[]): ColumnDrift[] {
  const excess = ({ measures }: ColumnDrift): number => measures.js.value / Math.max(measures.js.threshold, Number.MIN_VALUE);
  return [...columns].sort((a, b) => excess(b) - excess(a) || (a.name < b.name ? -1 : 1));
}
