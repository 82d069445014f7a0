import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ElulmcError } from '../../../src/core/errors.ts';
import type { ScheduleDefinition } from '../../../src/services/schedules/definition.ts';
import { occurrenceRunId } from '../../../src/services/schedules/occurrence-run-id.ts';
import type { Scheduler } from '../../../src/services/schedules/scheduler.ts';
import { findSchedule } from '../../../src/store/schedule-rows.ts';
import { migratedDatabase } from '../../store/migrated-database.ts';
import type { TestDatabase } from '../../store/migrated-database.ts';
import { HOURLY, ms, StartedRuns } from './started-runs.ts';

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

describe('a run that is still going', () => {
  test('lets the next ones pass, and says so', async () => {
    const scheduler = leader('2026-03-02T09:30:00Z', HOURLY);
    await scheduler.tick(ms('2026-03-02T09:30:00Z'));
    await scheduler.tick(ms('2026-03-02T10:00:00Z'));
    const first = occurrenceRunId('hourly', ms('2026-03-02T10:00:00Z'));
    runs.going.add(first);
    await scheduler.tick(ms('2026-03-02T11:00:00Z'));
    await scheduler.tick(ms('2026-03-02T11:30:00Z'));
    expect(runs.events).toEqual([`schedule hourly passes 2026-03-02T11:00:00.000Z over: ${first} is still going`]);
    expect(await store.database.run((statements) => findSchedule(statements, 'hourly'))).toMatchObject({
      runId: first,
      state: 'started',
      skippedAt: '2026-03-02T11:00:00.000Z',
      skippedRun: first,
    });
    runs.going.clear();
    await scheduler.tick(ms('2026-03-02T11:45:00Z'));
    await scheduler.tick(ms('2026-03-02T12:00:00Z'));
    expect(runs.dueTimes('hourly')).toEqual(['2026-03-02T10:00', '2026-03-02T12:00']);
  });
});

describe('crashes and failures', () => {
  test('between the start and its row: the next leader starts no second one', async () => {
    await leader('2026-03-02T09:30:00Z', HOURLY).tick(ms('2026-03-02T09:30:00Z'));
    runs.failAfter = new ElulmcError('DATABASE_UNAVAILABLE', 'gone');
    await leader('2026-03-02T10:00:00Z', HOURLY).tick(ms('2026-03-02T10:00:00Z'));
    runs.failAfter = undefined;
    const next = leader('2026-03-02T10:20:00Z', HOURLY);
    await next.tick(ms('2026-03-02T10:20:00Z'));
    expect(runs.dueTimes('hourly')).toEqual(['2026-03-02T10:00']);
    expect(runs.calls).toBe(1);
    expect(await store.database.run((statements) => findSchedule(statements, 'hourly'))).toMatchObject({ state: 'started' });
  });

  test('between the claim and the start: the next leader starts that one, then what is due since', async () => {
    await leader('2026-03-02T09:30:00Z', HOURLY).tick(ms('2026-03-02T09:30:00Z'));
    runs.failure = new ElulmcError('DATABASE_UNAVAILABLE', 'gone');
    const lost = leader('2026-03-02T10:00:00Z', HOURLY);
    await lost.tick(ms('2026-03-02T10:00:00Z'));
    await lost.tick(ms('2026-03-02T10:00:30Z'));
    expect(runs.events).toEqual(['schedule hourly waits: gone']);
    runs.failure = undefined;
    await leader('2026-03-02T11:20:00Z', HOURLY).tick(ms('2026-03-02T11:20:00Z'));
    expect(runs.dueTimes('hourly')).toEqual(['2026-03-02T10:00', '2026-03-02T11:00']);
  });

  test('a run that cannot be is written down and not tried again; the next occurrence is', async () => {
    const scheduler = leader('2026-03-02T09:30:00Z', HOURLY);
    await scheduler.tick(ms('2026-03-02T09:30:00Z'));
    runs.failure = new ElulmcError('RUNBOOK_INVALID', 'there is no section Checks');
    for (const now of ['10:00', '10:01', '10:30']) await scheduler.tick(ms(`2026-03-02T${now}:00Z`));
    expect(runs.calls).toBe(1);
    expect(runs.events).toEqual(['schedule hourly could not start its run of 2026-03-02T10:00:00.000Z: there is no section Checks']);
    expect(await store.database.run((statements) => findSchedule(statements, 'hourly'))).toMatchObject({
      state: 'failed',
      problem: 'there is no section Checks',
    });
    runs.failure = undefined;
    await scheduler.tick(ms('2026-03-02T11:00:00Z'));
    expect(runs.dueTimes('hourly')).toEqual(['2026-03-02T11:00']);
    expect(await store.database.run((statements) => findSchedule(statements, 'hourly'))).toMatchObject({ state: 'started', problem: null });
  });

  test('two leaders in turn, and one that was frozen: every occurrence once', async () => {
    const first = leader('2026-03-02T09:30:00Z', HOURLY);
    const second = leader('2026-03-02T09:30:00Z', HOURLY);
    await first.tick(ms('2026-03-02T09:30:00Z'));
    for (let hour = 10; hour < 20; hour++) {
      const now = ms(`2026-03-02T${String(hour)}:00:00Z`);
      await Promise.all([first.tick(now), second.tick(now)]);
    }
    await first.tick(ms('2026-03-02T12:00:00Z'));
    expect(runs.dueTimes('hourly')).toEqual(Array.from({ length: 10 }, (_, at) => `2026-03-02T${String(10 + at)}:00`));
  });
});
