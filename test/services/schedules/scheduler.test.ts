import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ScheduleDefinition } from '../../../src/services/schedules/definition.ts';
import { occurrenceRunId } from '../../../src/services/schedules/occurrence-run-id.ts';
import type { Scheduler } from '../../../src/services/schedules/scheduler.ts';
import { migratedDatabase } from '../../store/migrated-database.ts';
import type { TestDatabase } from '../../store/migrated-database.ts';
import { DAILY, HOURLY, ms, StartedRuns } from './started-runs.ts';

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
afterEach(async () => {
  await store.database.transaction(({ connection }) => connection.query({ text: 'delete from run_schedule' }));
});

const leader = (now: string, ...schedules: ScheduleDefinition[]): Scheduler => runs.leader(store.database, now, ...schedules);

describe('what can never start anything is said, and hinders nobody', () => {
  test('a day that does not exist, no cron expression', async () => {
    const bad: ScheduleDefinition[] = [
      { ...DAILY, name: 'never', cron: '0 0 30 2 *' },
      { ...DAILY, name: 'wrong', cron: '61 0 * * *' },
    ];
    const scheduler = leader('2026-03-02T00:30:00Z', ...bad, HOURLY);
    expect(runs.events).toEqual([
      'schedule never cannot start anything: "0 0 30 2 *" never comes due',
      expect.stringMatching(/^schedule wrong cannot start anything: cron: "61 0 \* \* \*" is not a cron expression/),
    ]);
    await scheduler.tick(ms('2026-03-02T00:30:00Z'));
    await scheduler.tick(ms('2026-03-02T01:00:00Z'));
    expect(runs.dueTimes('hourly')).toEqual(['2026-03-02T01:00']);
    expect(runs.calls).toBe(1);
  });

  test('nothing comes due: no instant', async () => {
    expect(await leader('2026-03-02T00:30:00Z').tick(ms('2026-03-02T00:30:00Z'))).toBeNull();
  });
});

test('a new schedule starts with its next occurrence, each is started once, and the run says where it comes from', async () => {
  const scheduler = leader('2026-03-02T10:30:00Z', HOURLY);
  expect(await scheduler.tick(ms('2026-03-02T10:30:00Z'))).toBe(ms('2026-03-02T11:00:00Z'));
  expect(runs.calls).toBe(0);
  await scheduler.tick(ms('2026-03-02T10:59:59.999Z'));
  expect(runs.calls).toBe(0);
  for (const now of ['2026-03-02T11:00:00Z', '2026-03-02T11:00:01Z', '2026-03-02T11:59:00Z']) await scheduler.tick(ms(now));
  const runId = occurrenceRunId('hourly', ms('2026-03-02T11:00:00Z'));
  expect([...runs.started.values()]).toEqual([{ schedule: expect.objectContaining(HOURLY) as unknown, runId, origin: 'schedule:hourly' }]);
  expect(runs.events).toEqual([]);
});

describe('missed occurrences', () => {
  test('are caught up by one run, that of the last of them', async () => {
    await leader('2026-03-02T05:00:00Z', DAILY, HOURLY).tick(ms('2026-03-02T05:00:00Z'));
    const later = leader('2026-03-05T06:30:00Z', DAILY, HOURLY);
    await later.tick(ms('2026-03-05T06:30:00Z'));
    await later.tick(ms('2026-03-05T06:30:30Z'));
    expect(runs.dueTimes('daily')).toEqual(['2026-03-05T06:00']);
    expect(runs.dueTimes('hourly')).toEqual(['2026-03-05T06:00']);
    expect(runs.events).toEqual(['schedule daily catches 4 occurrences up with one run', 'schedule hourly catches 73 occurrences up with one run']);
  });

  test('those of a schedule with another time table, or one that was taken out for a while, are not', async () => {
    await leader('2026-03-02T05:00:00Z', DAILY).tick(ms('2026-03-02T05:00:00Z'));
    const moved = { ...DAILY, timezone: 'America/New_York' };
    await leader('2026-03-04T12:30:00Z', moved).tick(ms('2026-03-04T12:30:00Z'));
    expect(runs.calls).toBe(0);
    await leader('2026-03-05T00:00:00Z').tick(ms('2026-03-05T00:00:00Z'));
    const again = leader('2026-03-08T12:30:00Z', moved);
    await again.tick(ms('2026-03-08T12:30:00Z'));
    expect(runs.calls).toBe(0);
    await again.tick(ms('2026-03-09T10:30:00Z'));
    expect(runs.dueTimes('daily')).toEqual(['2026-03-09T10:00']);
  });
});

describe('clocks that change', () => {
  test.each([
    ['2026-03-28', '2026-03-31', ['2026-03-28T01:30', '2026-03-29T01:00', '2026-03-30T00:30']],
    ['2026-10-24', '2026-10-27', ['2026-10-24T00:30', '2026-10-25T00:30', '2026-10-26T01:30']],
  ])('a daily run of half past two, looked at every ten minutes from %s to %s', async (from, to, expected) => {
    const night = { ...DAILY, name: 'night', cron: '30 2 * * *', timezone: 'Europe/Berlin' };
    const scheduler = leader(`${from}T00:00:00Z`, night);
    for (let now = ms(`${from}T00:00:00Z`); now < ms(`${to}T00:00:00Z`); now += 10 * 60_000) await scheduler.tick(now);
    expect([...runs.started.keys()]).toEqual(expected.map((due) => occurrenceRunId('night', ms(`${due}:00Z`))));
  });

  test('going back starts nothing twice', async () => {
    const scheduler = leader('2026-03-02T09:30:00Z', HOURLY);
    for (const now of ['09:30', '10:00', '11:00', '09:00', '10:00', '10:30', '11:00', '11:59']) await scheduler.tick(ms(`2026-03-02T${now}:00Z`));
    expect(runs.dueTimes('hourly')).toEqual(['2026-03-02T10:00', '2026-03-02T11:00']);
    await scheduler.tick(ms('2026-03-02T12:00:00Z'));
    expect(runs.dueTimes('hourly')).toHaveLength(3);
    expect(runs.calls).toBe(3);
  });

  test('a jump ahead counts as missed; after one that was an error it goes on, and what was started stays so', async () => {
    const scheduler = leader('2026-03-02T09:30:00Z', HOURLY);
    await scheduler.tick(ms('2026-03-02T09:30:00Z'));
    await scheduler.tick(ms('2026-03-02T10:00:00Z'));
    await scheduler.tick(ms('2026-04-01T00:00:00Z'));
    expect(runs.dueTimes('hourly')).toEqual(['2026-03-02T10:00', '2026-04-01T00:00']);
    for (const now of ['09:59', '10:00', '11:00']) await scheduler.tick(ms(`2026-03-02T${now}:00Z`));
    expect(runs.events).toContain('schedule hourly the clock was ahead when it saw to 2026-04-01T00:00:00.000Z; it goes on from 2026-03-02T09:59:00.000Z');
    expect(runs.dueTimes('hourly')).toEqual(['2026-03-02T10:00', '2026-04-01T00:00', '2026-03-02T11:00']);
    expect(runs.calls).toBe(3);
  });
});
