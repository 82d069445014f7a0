import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { occurrenceRunId } from '../../../src/services/schedules/occurrence-run-id.ts';
import { startSchedules } from '../../../src/services/schedules/start-schedules.ts';
import { migratedDatabase } from '../../store/migrated-database.ts';
import type { TestDatabase } from '../../store/migrated-database.ts';
import { DAILY, ms, StartedRuns } from './started-runs.ts';

let store: TestDatabase;
let runs: StartedRuns;
beforeAll(async () => {
  store = await migratedDatabase();
});
afterAll(async () => {
  await store.drop();
});
beforeEach(() => {
  runs = new StartedRuns();
});

test('the loop reads the clock again within 30 seconds, however far the next occurrence is, and ends when it is closed', async () => {
  let now = ms('2026-03-02T05:00:00Z');
  const waits: number[] = [];
  let enough: () => void = () => undefined;
  const done = new Promise<void>((resolve) => {
    enough = resolve;
  });
  const clock = {
    now: () => now,
    sleep: async (wanted: number, signal: AbortSignal) => {
      waits.push(wanted);
      if (waits.length === 5) enough();
      // The third wait meets a suspended machine: it wakes up a year later.
      now += waits.length === 3 ? 365 * 86_400_000 : wanted;
      if (waits.length >= 5) await new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('closed'))));
    },
  };
  const schedules = startSchedules(runs.options(store.database, [DAILY]), clock);
  await done;
  await schedules.close();
  expect(waits).toEqual([30_000, 30_000, 30_000, 30_000, 30_000]);
  expect([...runs.started.keys()]).toEqual([occurrenceRunId('daily', ms('2027-03-01T06:00:00Z'))]);
});
