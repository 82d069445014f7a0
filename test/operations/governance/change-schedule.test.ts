import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { wallMs } from '../../../src/core/clock.ts';
import { catalogue } from '../../../src/operations/catalogue.ts';
import { openDoor } from '../../../src/operations/door.ts';
import type { Door } from '../../../src/operations/door.ts';
import { changeSchedule } from '../../../src/operations/governance/change-schedule.ts';
import type { ChangeRequest } from '../../../src/services/changes/service.ts';
import { createWindowService } from '../../../src/services/windows/window-service.ts';
import type { WindowDefinition } from '../../../src/services/windows/window-service.ts';
import { MemoryLedger } from '../../fixtures/memory-ledger.ts';
import { MemoryOperationRuns } from '../../fixtures/memory-operation-runs.ts';
import { memoryServices, personWith } from '../../fixtures/operation-services.ts';
import type { MemoryServices } from '../../fixtures/operation-services.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Midnight of UTC, some days ahead. */
const BASE = (Math.floor(wallMs() / DAY) + 3) * DAY;
const at = (hours: number): string => new Date(BASE + hours * HOUR).toISOString();
const dayOfWeek = new Date(BASE).getUTCDay();

let services: MemoryServices;
let runs: MemoryOperationRuns;
let door: Door;
const OPERATOR = personWith('operator');

beforeEach(() => {
  services = memoryServices();
  runs = new MemoryOperationRuns();
  door = openDoor({ catalogue, services, log: new MemoryLedger(), runs });
});

afterEach(() => {
  services.remove();
});

async function changeOf(given: Partial<ChangeRequest> = {}, decision: 'approved' | 'declined' | null = 'approved'): Promise<string> {
  const words = {
    title: 't',
    description: '',
    risk: 'change',
    systems: ['route:demo'],
    operation: null,
    planSha256: null,
    changes: [],
    rollback: 'r',
  } as const;
  const { id } = await services.changes.submit({ ...words, requester: 'per_a', ...given }, `run_${String((await services.changes.list(1_000)).length)}`);
  if (decision !== null) await services.changes.review(id, { by: 'per_b', decision, note: '' });
  return id;
}

function schedule(input: object, given: { readonly runId?: string; readonly dryRun?: boolean } = {}) {
  return door.call({ room: 'governance', name: 'change-schedule', input, actor: OPERATOR, signal: new AbortController().signal, ...given });
}

function window(given: Partial<WindowDefinition>): WindowDefinition {
  return { name: 'w', kind: 'maintenance', cron: '0 22 * * *', duration: 4 * HOUR, timezone: 'UTC', systems: ['route:demo'], ...given };
}

describe('times that are refused', () => {
  test.each<[string, object, string]>([
    ['no start', { duration: '1h' }, 'startsAt'],
    ['a date only', { startsAt: '2027-01-31', duration: '1h' }, 'startsAt'],
    ['a time without a zone', { startsAt: '2027-01-31T22:00:00', duration: '1h' }, 'startsAt'],
    ['no end', { startsAt: at(0) }, 'endsAt'],
    ['two ends', { startsAt: at(0), endsAt: at(1), duration: '1h' }, 'endsAt'],
    ['an end before the start', { startsAt: at(1), endsAt: at(0) }, 'endsAt'],
    ['an end at the start', { startsAt: at(1), endsAt: at(1) }, 'endsAt'],
    ['no duration', { startsAt: at(0), duration: '0h' }, 'duration'],
    ['a duration of seconds', { startsAt: at(0), duration: '30s' }, 'duration'],
    ['31 days', { startsAt: at(0), duration: '31d' }, 'duration'],
    ['30 days and a second', { startsAt: at(0), endsAt: new Date(BASE + 30 * DAY + 1_000).toISOString() }, 'endsAt'],
    ['the past', { startsAt: new Date(wallMs() - 2 * 60_000).toISOString(), duration: '1h' }, 'startsAt'],
    ['a year and a week ahead', { startsAt: at(372 * 24), duration: '1h' }, 'startsAt'],
  ])('%s', async (_what, input, field) => {
    const change = await changeOf();
    await expect(schedule({ change, ...input })).rejects.toMatchObject({ code: 'FIELD_INVALID', field });
    expect(await services.changes.find(change)).toMatchObject({ state: 'approved', schedule: null });
  });
});

test('a change that is not there, waits for its review or was declined', async () => {
  const span = { startsAt: at(0), duration: '1h' };
  await expect(schedule({ change: 'chg_01jd0000000000000000000000', ...span })).rejects.toMatchObject({ code: 'NOT_FOUND', field: 'change' });
  await expect(schedule({ change: await changeOf({}, null), ...span })).rejects.toMatchObject({
    code: 'CHANGE_NOT_APPROVED',
    message: expect.stringContaining('waits') as string,
  });
  await expect(schedule({ change: await changeOf({}, 'declined'), ...span })).rejects.toMatchObject({
    code: 'CHANGE_NOT_APPROVED',
    message: expect.stringContaining('declined') as string,
  });
});

test('now, in any zone, by end or by duration', async () => {
  const change = await changeOf();
  const now = new Date(wallMs() - 1_000).toISOString();
  const report = await schedule({ change, startsAt: now, duration: '90m' });
  expect(report.output).toMatchObject({ id: change, startsAt: now, endsAt: new Date(Date.parse(now) + 90 * 60_000).toISOString() });
  expect(changeSchedule.output.parse(report.output)).toEqual(report.output);
  const local = `${at(2).slice(0, 19)}+02:00`;
  await schedule({ change, startsAt: local, endsAt: at(1) });
  expect(await services.changes.find(change)).toMatchObject({ state: 'scheduled', schedule: { by: OPERATOR.id, startsAt: at(0), endsAt: at(1) } });
  await schedule({ change, startsAt: at(0), duration: '30d' });
});

test('the plan says what the new time replaces, and a dry run schedules nothing', async () => {
  const change = await changeOf();
  await schedule({ change, startsAt: at(0), duration: '1h' });
  const { plan } = await schedule({ change, startsAt: at(4), duration: '1h' }, { dryRun: true });
  expect(plan.changes).toEqual([`schedule ${change} from ${at(4)} to ${at(5)}, no longer from ${at(0)} to ${at(1)}`]);
  expect(await services.changes.find(change)).toMatchObject({ schedule: { startsAt: at(0) } });
});

describe('windows', () => {
  test('no blackout may touch it', async () => {
    services.windows = createWindowService([window({ name: 'freeze', kind: 'blackout', cron: '0 12 * * *', duration: HOUR })]);
    const change = await changeOf();
    await expect(schedule({ change, startsAt: at(0), duration: '1d' })).rejects.toMatchObject({
      code: 'CHANGE_BLACKOUT',
      message: expect.stringContaining(`the blackout freeze about route:demo is open from ${at(12)} to ${at(13)}; none that is long enough`) as string,
    });
    await expect(schedule({ change, startsAt: at(12.5), duration: '1h' })).rejects.toMatchObject({
      code: 'CHANGE_BLACKOUT',
      message: expect.stringContaining(`next that are long enough: ${at(13)} to ${at(36)};`) as string,
    });
    await schedule({ change, startsAt: at(10), endsAt: at(12) });
    await schedule({ change, startsAt: at(13), endsAt: at(14) });
    await schedule({ change: await changeOf({ systems: ['route:other'] }), startsAt: at(0), duration: '1d' });
    // A change about everything is about this system too.
    await expect(schedule({ change: await changeOf({ systems: [] }), startsAt: at(12), duration: '1h' })).rejects.toMatchObject({ code: 'CHANGE_BLACKOUT' });
  });

  test('a system that maintenance windows name gets a time inside of one, and the next three are named', async () => {
    services.windows = createWindowService([
      window({}),
      window({ name: 'early', cron: '0 2 * * *', duration: 2 * HOUR }),
      window({ name: 'freeze', kind: 'blackout', cron: `0 20 * * ${String((dayOfWeek + 1) % 7)}`, duration: 12 * HOUR }),
    ]);
    const change = await changeOf();
    await expect(schedule({ change, startsAt: at(12), duration: '5h' })).rejects.toMatchObject({
      code: 'CHANGE_OUTSIDE_WINDOW',
      // 22 to 2 and 2 to 4 are one chance; the night of the blackout is none.
      message: `route:demo may be changed inside of maintenance windows only; next that are long enough: ${[22, 70, 94].map((hour) => `${at(hour)} to ${at(hour + 6)}`).join('; ')}`,
    });
    await expect(schedule({ change, startsAt: at(21), endsAt: at(23) })).rejects.toMatchObject({ code: 'CHANGE_OUTSIDE_WINDOW' });
    await expect(schedule({ change, startsAt: at(22), duration: '7h' })).rejects.toMatchObject({
      message: 'route:demo may be changed inside of maintenance windows only; none that is long enough opens within a year',
    });
    await schedule({ change, startsAt: at(22), endsAt: at(28) });
    await schedule({ change: await changeOf({ systems: ['route:other'] }), startsAt: at(12), duration: '5h' });
  });
});

test('another change of a shared system at that time is named, in the dry run too', async () => {
  const first = await changeOf({ systems: ['route:demo', 'upstream:gpu'] });
  const second = await changeOf({ systems: ['upstream:gpu'] });
  await schedule({ change: first, startsAt: at(0), duration: '2h' });
  for (const dryRun of [true, false]) {
    await expect(schedule({ change: second, startsAt: at(1), duration: '2h' }, { dryRun })).rejects.toMatchObject({
      code: 'CHANGE_CONFLICT',
      message: expect.stringContaining(`${first} changes upstream:gpu`) as string,
    });
  }
  await schedule({ change: second, startsAt: at(2), duration: '2h' });
});

test('the same person at two changes at once is a note', async () => {
  const first = await changeOf();
  await schedule({ change: first, startsAt: at(0), duration: '2h' });
  const others = await changeOf({ systems: ['route:other'] });
  const report = await schedule({ change: others, startsAt: at(1), duration: '2h' });
  expect(report.plan.notes).toEqual([`per_a is busy with ${first} at that time`]);
  expect(report.output).toMatchObject({ notes: report.plan.notes });
  const { plan } = await schedule({ change: await changeOf({ systems: ['route:third'], requester: 'per_z' }), startsAt: at(1), duration: '2h' });
  expect(plan.notes).toEqual([]);
});

test('repeating the call after a crash changes nothing, even when its time has come', async () => {
  const change = await changeOf();
  const runId = 'run_01jd0000000000000000000000';
  const startsAt = new Date(wallMs() - HOUR).toISOString();
  const endsAt = new Date(wallMs() + HOUR).toISOString();
  await services.changes.schedule(change, { by: OPERATOR.id, startsAt, endsAt });
  const report = await schedule({ change, startsAt, endsAt }, { runId });
  expect(report.plan.changes).toEqual([]);
  expect(report.verdict).toBe('ok');
});
