import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sleep } from '../../src/core/clock.ts';
import { readConfig } from '../../src/core/config.ts';
import type { RunView } from '../../src/runbook/run-view.ts';
import { schedulesOf } from '../../src/services/schedules/built-in-schedules.ts';
import type { ScheduleView } from '../../src/services/schedules/schedule-views.ts';
import { ask, controlHost, signInAdministrator, verifiedEntries } from '../fixtures/control-plane.ts';
import type { ControlHost } from '../fixtures/control-plane.ts';
import { freshDatabase } from '../fixtures/postgres.ts';
import type { FreshDatabase } from '../fixtures/postgres.ts';

/** The built-in schedule as every installation has it, but due every second. */
const schedules = schedulesOf(readConfig('/nonexistent/config.yaml')).map((schedule) => ({ ...schedule, cron: '* * * * * *' }));

let database: FreshDatabase;
let host: ControlHost;
let installationId: string;
let token: string;

beforeAll(async () => {
  database = await freshDatabase();
  host = controlHost({ name: 'local', databaseUrl: database.url, settings: { schedules } });
  const ready = await host.start();
  ({ installationId } = ready);
  token = await signInAdministrator(host.url(), ready.adminLink);
}, 120_000);

afterAll(async () => {
  host.signal('SIGKILL');
  await host.ended();
  host.remove();
  await database.drop();
}, 60_000);

async function get(path: string): Promise<Readonly<Record<string, unknown>>> {
  const answer = await ask(host.url(), path, { headers: { authorization: `Bearer ${token}` } });
  return answer?.body ?? {};
}

/** A run of the schedule that began after this moment, ended as it is said. */
async function nextRun(isRight: (run: RunView) => boolean): Promise<RunView> {
  const since = Date.now();
  for (;;) {
    const { runs } = (await get('/v1/runbooks/runs?limit=100')) as { readonly runs: readonly RunView[] };
    const found = runs.find((run) => run.origin === 'schedule:model-integrity' && Date.parse(run.openedAt) >= since && isRight(run));
    if (found !== undefined) return found;
    await sleep(100);
  }
}

test('the built-in schedule is there without being written, once an hour', () => {
  expect(schedulesOf(readConfig('/nonexistent/config.yaml'))).toMatchObject([{ name: 'model-integrity', runbook: 'model-integrity', cron: '17 * * * *' }]);
});

test('it starts runs by itself; a changed byte ends one with exit 7 and a violation in the ledger; restoring clears it', { timeout: 180_000 }, async () => {
  expect((await get('/v1/runbooks/schedules'))['schedules']).toMatchObject([{ name: 'model-integrity', problem: null } satisfies Partial<ScheduleView>]);
  expect(await nextRun(({ state }) => state === 'succeeded')).toMatchObject({ actor: 'system', runbook: 'model-integrity', exit: 0 });

  const model = join(host.home.models, 'demo');
  mkdirSync(model, { recursive: true });
  writeFileSync(join(model, 'model.bin'), 'weights');
  const registered = await ask(host.url(), '/v1/operations/deployment/register-model', {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model, name: 'demo', version: '1' }),
  });
  expect(registered).toMatchObject({ status: 200 });
  expect(await nextRun(({ state }) => state === 'succeeded')).toMatchObject({ exit: 0 });

  writeFileSync(join(model, 'model.bin'), 'weighed');
  const violated = await nextRun(({ state }) => state === 'failed');
  expect(violated).toMatchObject({ exit: 7, summary: expect.stringContaining('demo@1 violation: registered-files: changed: model.bin') as string });

  writeFileSync(join(model, 'model.bin'), 'weights');
  expect(await nextRun(({ state }) => state === 'succeeded')).toMatchObject({ exit: 0 });
  await host.stop();
  const entries = await verifiedEntries(host, installationId);
  const done = entries.filter(({ kind, action, ref }) => kind === 'operation.done' && action === 'security verify-model' && ref === violated.id);
  expect(done).toMatchObject([{ actor: 'system', outcome: 'violation' }]);
});
