import type { ConformanceCase } from '../suite.ts';

/** Values of a case by name. */
export type Figures = Readonly<Record<string, number>>;

/** How far a value may lie from the expected one: absolute, or relative where `relative` is set. */
export interface Tolerance {
  readonly within: number;
  readonly relative?: boolean;
}

function isClose(given: number | null | undefined, expected: number, { within, relative }: Tolerance): boolean {
  if (given === null || given === undefined) return false;
  return Math.abs(given - expected) <= within * (relative === true ? Math.abs(expected) : 1);
}

/** A case that is right when every figure lies within the tolerance; it then gives the expected text. */
export function closeCase(
  group: string,
  name: string,
  expected: Figures,
  tolerance: Tolerance,
  compute: () => Readonly<Record<string, number | null>>,
): ConformanceCase {
  const text = (figures: Readonly<Record<string, number | null | undefined>>): string =>
    Object.entries(figures)
      .map(([key, value]) => `${key} ${String(value)}`)
      .join(', ');
  return {
    name,
    group,
    expected: text(expected),
    given: () => {
      const given = compute();
      const right = Object.entries(expected).every(([key, value]) => isClose(given[key], value, tolerance));
      return text(right ? expected : Object.fromEntries(Object.keys(expected).map((key) => [key, given[key]])));
    },
  };
}
