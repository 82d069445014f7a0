import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ElulmcError } from '../../../src/core/errors.ts';
import { occurrenceRunId } from '../../../src/services/schedules/occurrence-run-id.ts';
import type { ScheduleDefinition } from '../../../src/services/schedules/definition.ts';
import { viewSchedules } from '../../../src/services/schedules/schedule-views.ts';
import type { ScheduleView } from '../../../src/services/schedules/schedule-views.ts';
import { migratedDatabase } from '../../store/migrated-database.ts';
import type { TestDatabase } from '../../store/migrated-database.ts';
import { DAILY, HOURLY, ms, StartedRuns } from './started-runs.ts';

let store: TestDatabase;
beforeAll(async () => {
  store = await migratedDatabase();
});
afterAll(async () => {
  await store.drop();
});
afterEach(async () => {
  await store.database.transaction(({ connection }) => connection.query({ text: 'delete from run_schedule' }));
});

function view(now: string, ...schedules: ScheduleDefinition[]): Promise<readonly ScheduleView[]> {
  const runProblem = ({ runbook }: ScheduleDefinition): Promise<string | null> => Promise.resolve(runbook === 'gone' ? 'there is no runbook gone' : null);
  return viewSchedules({ schedules, database: store.database, runProblem }, ms(now));
}

test('what is in the way of a schedule: its time table before its runbook', async () => {
  const never = { ...DAILY, name: 'never', cron: '0 0 30 2 *', runbook: 'gone' };
  expect(await view('2026-03-02T09:30:00Z', never, { ...DAILY, runbook: 'gone' })).toEqual([
    expect.objectContaining({ name: 'never', nextAt: null, problem: '"0 0 30 2 *" never comes due', last: null, skipped: null }),
    expect.objectContaining({ name: 'daily', nextAt: '2026-03-03T06:00:00.000Z', problem: 'there is no runbook gone', last: null, skipped: null }),
  ]);
});

test('the last run, the one that could not be, and what was passed over', async () => {
  const runs = new StartedRuns();
  const scheduler = runs.leader(store.database, '2026-03-02T09:30:00Z', HOURLY);
  await scheduler.tick(ms('2026-03-02T09:30:00Z'));
  await scheduler.tick(ms('2026-03-02T10:00:00Z'));
  const runId = occurrenceRunId('hourly', ms('2026-03-02T10:00:00Z'));
  const last = { dueAt: '2026-03-02T10:00:00.000Z', runId, state: 'started', problem: null };
  expect(await view('2026-03-02T10:10:00Z', HOURLY)).toEqual([
    {
      name: 'hourly',
      runbook: 'daily.md',
      section: 'Checks',
      cron: '0 * * * *',
      timezone: 'UTC',
      nextAt: '2026-03-02T11:00:00.000Z',
      problem: null,
      last,
      skipped: null,
    },
  ]);
  runs.going.add(runId);
  await scheduler.tick(ms('2026-03-02T11:00:00Z'));
  expect(await view('2026-03-02T11:10:00Z', HOURLY)).toMatchObject([{ last, skipped: { at: '2026-03-02T11:00:00.000Z', runId } }]);
  runs.going.clear();
  runs.failure = new ElulmcError('RUNBOOK_INVALID', 'there is no section Checks');
  await scheduler.tick(ms('2026-03-02T12:00:00Z'));
  expect(await view('2026-03-02T12:10:00Z', HOURLY)).toMatchObject([
    { problem: null, last: { dueAt: '2026-03-02T12:00:00.000Z', state: 'failed', problem: 'there is no section Checks' } },
  ]);
});
