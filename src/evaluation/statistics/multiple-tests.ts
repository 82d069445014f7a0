import { requireBetween } from './checked-numbers.ts';
import { chiSquareUpperTail } from './incomplete-gamma.ts';

function requirePValues(pValues: readonly number[]): void {
  pValues.forEach((p, i) => requireBetween(`pValues[${String(i)}]`, p, 0, 1));
}

/** Indices of the values, smallest first; equal values in the order given. */
function ascending(values: readonly number[]): number[] {
  return values.map((_value, i) => i).sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0) || a - b);
}

/** Step-down adjusted p-values (S. Holm 1979), in the order of the input: bound the chance of any false finding. */
export function holmAdjusted(pValues: readonly number[]): number[] {
  requirePValues(pValues);
  const adjusted = pValues.map(() => 1);
  let running = 0;
  ascending(pValues).forEach((index, rank) => {
    running = Math.max(running, Math.min(1, (pValues.length - rank) * (pValues[index] ?? 1)));
    adjusted[index] = running;
  });
  return adjusted;
}

/** Step-up adjusted p-values (Y. Benjamini, Y. Hochberg 1995), in the order of the input: bound the expected share of false findings. */
export function benjaminiHochberg(pValues: readonly number[]): number[] {
  requirePValues(pValues);
  const adjusted = pValues.map(() => 1);
  let running = 1;
  ascending(pValues)
    .map((index, rank) => ({ index, value: ((pValues[index] ?? 1) * pValues.length) / (rank + 1) }))
    .reverse()
    .forEach(({ index, value }) => {
      running = Math.min(running, value);
      adjusted[index] = running;
    });
  return adjusted;
}

/** Fisher's combination of independent p-values: -2 sum ln p is chi-square with 2k degrees of freedom (R. A. Fisher 1932). Throws for none. */
export function fisherCombined(pValues: readonly number[]): number {
  if (pValues.length === 0) throw new RangeError('pValues is empty');
  requirePValues(pValues);
  return chiSquareUpperTail(-2 * pValues.reduce((sum, p) => sum + Math.log(p), 0), 2 * pValues.length);
}
