import { expect, test } from 'vitest';
import { readArguments } from './arguments.ts';

test.each([
  [[], /artifacts; not nothing/],
  [['models'], /not models/],
  [['artifacts', 'artifacts'], /not artifacts artifacts/],
  [['artifacts', '--runs', '0'], /--runs 0/],
  [['artifacts', '--runs', '1e3'], /--runs 1e3/],
  [['artifacts', '--seed', '4294967296'], /--seed 4294967296/],
  [['artifacts', '--from', '-1'], /--from/],
  [['artifacts', '--fast'], /--fast/],
])('%j is refused', (args, said) => {
  expect(readArguments(args)).toMatch(said);
});

test('a hundred thousand files and a seed of its own are what is meant when nothing is said', () => {
  expect(readArguments(['artifacts', '--runs', '7', '--seed', '0', '--from', '3'])).toEqual({ runs: 7, seed: 0, from: 3 });
  expect(readArguments(['artifacts'])).toMatchObject({ runs: 100_000, from: 0 });
});
