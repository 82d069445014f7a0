import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sleep } from '../../src/core/clock.ts';
import type { RunView } from '../../src/runbook/run-view.ts';
import { occurrenceRunId } from '../../src/services/schedules/occurrence-run-id.ts';
import type { ScheduleView } from '../../src/services/schedules/schedule-views.ts';
import { ask, controlHost, leaderOf, signInAdministrator, verifiedEntries } from '../fixtures/control-plane.ts';
import type { ControlHost } from '../fixtures/control-plane.ts';
import { freshDatabase } from '../fixtures/postgres.ts';
import type { FreshDatabase } from '../fixtures/postgres.ts';

const OFTEN = '---\nname: often\n---\n\n# Often\n\n```bash\nelulmc governance list-sessions\n```\n';
const DAILY = '---\nname: daily\n---\n\n# Daily\n\n- look at the lights\n';
const EACH = { section: null, timezone: 'UTC', set: {} };
const settings = {
  schedules: [
    { ...EACH, name: 'often', runbook: 'often', cron: '* * * * * *' },
    { ...EACH, name: 'daily', runbook: 'daily.md', cron: '0 6 * * *' },
    { ...EACH, name: 'lost', runbook: 'nothing', cron: '0 6 * * *' },
  ],
};

let database: FreshDatabase;
let observer: Client;
let a: ControlHost;
let b: ControlHost;
let token: string;
let installationId: string;

function host(name: string, keysOf?: ControlHost): ControlHost {
  const made = controlHost({ name, databaseUrl: database.url, settings, ...(keysOf === undefined ? {} : { keysOf: keysOf.home }) });
  writeFileSync(join(made.home.runbooks, 'often.md'), OFTEN);
  // It goes before the program's own runbook of this name.
  writeFileSync(join(made.home.runbooks, 'daily.md'), DAILY);
  return made;
}

beforeAll(async () => {
  database = await freshDatabase();
  observer = new Client({ connectionString: database.url });
  await observer.connect();
  a = host('local');
  const first = await a.start();
  ({ installationId } = first);
  token = await signInAdministrator(a.url(), first.adminLink);
  b = host('b', a);
  await b.start();
}, 120_000);

afterAll(async () => {
  for (const one of [a, b]) {
    one.signal('SIGKILL');
    await one.ended();
    one.remove();
  }
  await observer.end();
  await database.drop();
}, 60_000);

async function runsOf(leader: ControlHost, schedule: string): Promise<readonly RunView[]> {
  const answer = await ask(leader.url(), '/v1/runbooks/runs?limit=500', { headers: { authorization: `Bearer ${token}` } });
  return ((answer?.body['runs'] ?? []) as RunView[]).filter(({ origin }) => origin === `schedule:${schedule}`).toReversed();
}

/** The runs of a schedule, oldest first, once they are as it is said. */
async function until(leader: ControlHost, schedule: string, are: (runs: readonly RunView[]) => boolean): Promise<readonly RunView[]> {
  for (;;) {
    const runs = await runsOf(leader, schedule);
    if (are(runs)) return runs;
    await sleep(50);
  }
}

const succeeded = (runs: readonly RunView[]): number => runs.filter(({ state }) => state === 'succeeded').length;

async function schedules(leader: ControlHost): Promise<ReadonlyMap<string, ScheduleView>> {
  const answer = await ask(leader.url(), '/v1/runbooks/schedules', { headers: { authorization: `Bearer ${token}` } });
  return new Map((answer?.body['schedules'] as ScheduleView[]).map((schedule) => [schedule.name, schedule]));
}

describe('schedules of an installation with two control planes', () => {
  test('nobody sees them who is not known', async () => {
    expect(await ask(a.url(), '/v1/runbooks/schedules')).toMatchObject({ status: 401 });
  });

  test('one that cannot start anything is named, in the log and to who asks', async () => {
    expect((await schedules(a)).get('lost')).toMatchObject({ problem: expect.stringContaining('there is no runbook nothing') as string, last: null });
    expect((await schedules(a)).get('daily')).toMatchObject({ problem: null, last: null, nextAt: expect.stringContaining('T06:00:00.000Z') as string });
    expect(a.said()).toContain('schedule lost would start nothing: there is no runbook nothing');
    expect(b.said()).not.toContain('schedule');
  });

  test('only the leader starts runs, one for each occurrence, also across a kill', { timeout: 180_000 }, async () => {
    const before = await until(a, 'often', (runs) => succeeded(runs) >= 3);
    expect(before[0]).toMatchObject({ runbook: 'often', actor: 'system', origin: 'schedule:often' });
    a.signal('SIGKILL');
    await a.ended();
    const leader = await leaderOf([b]);
    const runs = await until(leader, 'often', (now) => succeeded(now) >= before.length + 3);
    const dueTimes = runs.map(({ id, openedAt }) => {
      const opened = Math.floor(Date.parse(openedAt) / 1_000) * 1_000;
      const due = Array.from({ length: 120 }, (_, ago) => opened - ago * 1_000).find((ms) => occurrenceRunId('often', ms) === id);
      return due ?? id;
    });
    expect(dueTimes.every((due) => typeof due === 'number')).toBe(true);
    expect(new Set(dueTimes).size).toBe(runs.length);
    // What the killed one had begun was ended by the other.
    await until(leader, 'often', (now) => now.slice(0, before.length).every(({ state }) => state === 'succeeded'));
    await b.stop();
    const logs = [...(await verifiedEntries(a, installationId)), ...(await verifiedEntries(b, installationId))];
    const steps = logs.filter(({ kind, action }) => kind === 'operation.done' && action === 'governance list-sessions');
    for (const { id } of runs.slice(0, before.length)) expect(steps.filter(({ ref }) => ref === id)).toHaveLength(1);
  });

  test('what was missed while nobody led is caught up by one run, which waits for a person', { timeout: 180_000 }, async () => {
    // As after three days in which nothing ran.
    await observer.query(`update run_schedule set seen_until = now() - interval '3 days' where name = 'daily'`);
    await a.start();
    const [run] = await until(a, 'daily', (runs) => runs.some(({ waitsFor }) => waitsFor !== null));
    expect(run).toMatchObject({ state: 'pending', actor: 'system', waitsFor: { kind: 'confirmation' } });
    expect(a.said()).toContain('schedule daily catches 3 occurrences up with one run');
    expect((await schedules(a)).get('daily')?.last).toMatchObject({ runId: run?.id, state: 'started', problem: null });
    const answer = (bearer: string) =>
      ask(a.url(), `/v1/runbooks/runs/${run?.id ?? ''}/answer`, {
        method: 'POST',
        headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
        body: JSON.stringify({ step: run?.waitsFor?.step, decision: 'confirmed', note: 'all green' }),
      });
    expect(await answer(a.localToken)).toMatchObject({ body: { code: 'NOT_SIGNED_IN' } });
    await answer(token);
    const [done, ...more] = await until(a, 'daily', (runs) => runs.every(({ state }) => state !== 'pending' && state !== 'running'));
    expect(done).toMatchObject({ id: run?.id, state: 'succeeded' });
    expect(more).toEqual([]);
  });
});
