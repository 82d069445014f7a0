import { mean } from '../statistics/moments.ts';
import { quantile } from '../statistics/quantile.ts';
import { seededGenerator, shuffle } from '../statistics/seeded-generator.ts';
import { welchTest } from '../statistics/welch-test.ts';
import { solveLinear } from './solve-linear.ts';

/** The features of one record, the same number for all, and its class. */
export interface FeatureRow {
  readonly features: readonly number[];
  readonly member: boolean;
}

const CLIPPED_TAIL = 0.025;
/** Keeps the weights finite when two features say the same. */
const RIDGE = 0.01;
const SMALLEST_CLASS = 100;

/**
 * Dataset inference (P. Maini et al. 2024): features clipped at their 2.5 % tails and standardized, linear weights learned on a
 * random half of each class, one-sided Welch t-test of the weighted sums on the other half. The p-value of "the set was
 * trained on"; null with fewer than 100 records in a class, no features or constant sums.
 */
export function datasetInference(rows: readonly FeatureRow[], seed: number): number | null {
  const width = rows[0]?.features.length ?? 0;
  const classes = [true, false].map((member) => rows.filter((row) => row.member === member));
  if (width === 0 || classes.some(({ length }) => length < SMALLEST_CLASS)) return null;
  const random = seededGenerator(seed, 'dataset-inference');
  const halves = classes.map((all) => {
    const mixed = shuffle([...all], random);
    const middle = Math.floor(mixed.length / 2);
    return [mixed.slice(0, middle), mixed.slice(middle)] as const;
  });
  const learning = halves.flatMap(([first]) => first);
  const standardize = standardizer(
    learning.map(({ features }) => features),
    width,
  );
  const weights = ridgeWeights(
    learning.map(({ features, member }) => ({ features: standardize(features), member })),
    width,
  );
  const [members = [], others = []] = halves.map(([, second]) =>
    second.map(({ features }) => standardize(features).reduce((sum, value, j) => sum + value * (weights[j] ?? 0), 0)),
  );
  return welchTest(members, others)?.p ?? null;
}

/** Clips at the tails of the learning half, then gives every feature mean 0 and deviation 1 there; a constant one becomes 0. */
function standardizer(rows: readonly (readonly number[])[], width: number): (features: readonly number[]) => number[] {
  const columns = Array.from({ length: width }, (_unused, j) => {
    const values = rows.map((row) => row[j] ?? Number.NaN);
    const [low, high] = [quantile(values, CLIPPED_TAIL), quantile(values, 1 - CLIPPED_TAIL)];
    const clipped = values.map((value) => Math.min(high, Math.max(low, value)));
    const center = mean(clipped);
    return { low, high, center, deviation: Math.sqrt(mean(clipped.map((value) => (value - center) ** 2))) };
  });
  return (features) =>
    columns.map(({ low, high, center, deviation }, j) => (deviation > 0 ? (Math.min(high, Math.max(low, features[j] ?? center)) - center) / deviation : 0));
}

function ridgeWeights(rows: readonly FeatureRow[], width: number): readonly number[] {
  const indices = Array.from({ length: width }, (_unused, j) => j);
  const product = (i: number, j: number): number => mean(rows.map(({ features }) => (features[i] ?? 0) * (features[j] ?? 0)));
  const matrix = indices.map((i) => indices.map((j) => product(i, j) + (i === j ? RIDGE : 0)));
  return solveLinear(
    matrix,
    indices.map((j) => mean(rows.map(({ features, member }) => (features[j] ?? 0) * (member ? 1 : -1)))),
  );
}
