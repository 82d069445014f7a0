import { afterAll, beforeAll, expect, test } from 'vitest';
import { freshDatabase } from '../fixtures/postgres.ts';
import type { FreshDatabase } from '../fixtures/postgres.ts';
import { AIMS, planKills } from './chaos-plan.ts';
import { runChaos } from './chaos.ts';

/** Of the plan for this seed some kills hit one control plane, some one of two, and one leader stands still until the other takes over. */
const SEED = 26;
const KILLS = 6;

let database: FreshDatabase;

beforeAll(async () => {
  database = await freshDatabase();
}, 60_000);

afterAll(async () => {
  await database.drop();
}, 60_000);

test('a plan of kills is the same for the same seed, another for another one, and aims at everything', () => {
  expect(planKills(1, 200)).toEqual(planKills(1, 200));
  expect(planKills(2, 200)).not.toEqual(planKills(1, 200));
  expect(new Set(planKills(1, 200).map(({ aim }) => aim))).toEqual(new Set(AIMS));
});

test(
  'control planes are killed and stopped in the middle of runs: each step is applied exactly once, and every run ends the same',
  { timeout: 600_000 },
  async () => {
    const report = await runChaos({ databaseUrl: database.url, kills: KILLS, seed: SEED, keep: false, onProgress: () => undefined });
    expect(report.violations).toEqual([]);
    expect(report.killed + report.stopped).toBe(KILLS);
    expect(report.runs).toBeGreaterThanOrEqual(2);
    expect(report.epoch).toBeGreaterThan(KILLS / 2);
  },
);
