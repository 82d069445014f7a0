import { requireSample } from './checked-numbers.ts';
import { chiSquareUpperTail } from './incomplete-gamma.ts';

export interface ChiSquareTest {
  readonly statistic: number;
  readonly degreesOfFreedom: number;
  readonly p: number;
}

/**
 * Pearson's test that two rows of counts have one distribution, without continuity correction. A category that is empty in
 * both is left out. Throws a RangeError for rows of different length, negative counts, an empty row or fewer than two categories.
 */
export function chiSquareHomogeneity(reference: readonly number[], current: readonly number[]): ChiSquareTest {
  requireSample('reference', reference);
  requireSample('current', current);
  if (reference.length !== current.length) throw new RangeError('reference and current count different categories');
  if ([...reference, ...current].some((count) => count < 0)) throw new RangeError('counts must not be negative');
  const columns = reference.map((count, i) => [count, current[i] ?? 0] as const).filter(([a, b]) => a + b > 0);
  const [first, second] = [0, 1].map((row) => columns.reduce((sum, column) => sum + (column[row] ?? 0), 0)) as [number, number];
  if (columns.length < 2 || first === 0 || second === 0) throw new RangeError('needs two categories and counts in both rows');
  const statistic = columns.reduce((sum, [a, b]) => {
    const expectedFirst = ((a + b) * first) / (first + second);
    const expectedSecond = ((a + b) * second) / (first + second);
    return sum + (a - expectedFirst) ** 2 / expectedFirst + (b - expectedSecond) ** 2 / expectedSecond;
  }, 0);
  const degreesOfFreedom = columns.length - 1;
  return { statistic, degreesOfFreedom, p: chiSquareUpperTail(statistic, degreesOfFreedom) };
}
