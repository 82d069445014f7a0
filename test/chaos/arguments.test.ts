import { expect, test } from 'vitest';
import { readArguments } from './arguments.ts';

test.each([
  [[], /runs; not nothing/],
  [['walks'], /not walks/],
  [['runs', 'runs'], /not runs runs/],
  [['runs', '--kills'], /--kills/],
  [['runs', '--kills', '0'], /--kills 0/],
  [['runs', '--kills', '1e3'], /--kills 1e3/],
  [['runs', '--kills', '10001'], /--kills 10001/],
  [['runs', '--seed', '4294967296'], /--seed 4294967296/],
  [['runs', '--seed', '-1'], /--seed/],
  [['runs', '--fast'], /--fast/],
])('%j is refused', (args, said) => {
  expect(readArguments(args)).toMatch(said);
});

test('a hundred kills and a seed of its own are what is meant when nothing is said', () => {
  expect(readArguments(['runs', '--kills', '7', '--seed', '0', '--keep'])).toEqual({ kills: 7, seed: 0, keep: true });
  expect(readArguments(['runs'])).toMatchObject({ kills: 100, keep: false });
});
