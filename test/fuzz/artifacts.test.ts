import { expect, test } from 'vitest';
import { fuzz } from './fuzz.ts';
import { judgeScan } from './judge-scan.ts';
import { makeCase } from './make-case.ts';
import { SEED_FILES } from './seeds.ts';

const SEED = 4;
const RUNS = 2000;

test('every file that mutations begin with is read without failure', async () => {
  for (const file of SEED_FILES) expect([file.name, await judgeScan(file)]).toEqual([file.name, null]);
});

test('a case is the same each time, and another one with another index or seed', () => {
  expect(makeCase(1, 2)).toEqual(makeCase(1, 2));
  expect(makeCase(1, 2)).not.toEqual(makeCase(1, 3));
  expect(makeCase(1, 2)).not.toEqual(makeCase(2, 2));
});

test(`${String(RUNS)} mutated files break no reader (longer: npm run fuzz -- artifacts)`, { timeout: 300_000 }, async () => {
  let cases = 0;
  const onDone = (more: number): void => void (cases += more);
  const failures = await fuzz({ seed: SEED, from: 0, runs: RUNS, processes: 1, onDone, onFailure: () => undefined });
  expect(failures.map(({ index, why }) => `${why} (npm run fuzz -- artifacts --seed ${String(SEED)} --from ${String(index)} --runs 1)`)).toEqual([]);
  expect(cases).toBe(RUNS);
});
