import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { catalogue } from '../../src/operations/catalogue.ts';
import type { ScheduleView } from '../../src/services/schedules/schedule-views.ts';
import { cliFixture } from './cli-fixture.ts';
import type { CliFixture } from './cli-fixture.ts';
import { LOCAL_TOKEN, startControl } from './control-fixture.ts';

let cli: CliFixture;
beforeEach(() => {
  cli = cliFixture();
  writeFileSync(join(cli.home.runbooks, 'daily.md'), '# Ours\n\n- look at the lights\n');
});
afterEach(() => {
  cli.remove();
});

const DAILY: ScheduleView = {
  name: 'daily',
  runbook: 'daily',
  section: null,
  cron: '0 6 * * *',
  timezone: 'Europe/Berlin',
  nextAt: '2026-03-03T05:00:00.000Z',
  problem: null,
  last: null,
  skipped: null,
};

test('without a control plane: the runbooks, and that nobody knows the schedules', async () => {
  const said = await cli.run(['runbook', 'list']);
  expect(said.code).toBe(0);
  expect(said.out).toContain(join(cli.home.runbooks, 'daily.md'));
  expect(said.err).toContain('Schedules are known to the control plane: no installation runs in');
  expect(JSON.parse((await cli.run(['runbook', 'list', '--json'])).out)).toMatchObject({ schedules: null });
});

test('the schedules: when each is due, its last run, and what is in its way', async () => {
  const control = await startControl(catalogue);
  cli.pointTo(control.url, { localToken: LOCAL_TOKEN });
  const runId = 'run_01jd0000000000000000000000';
  const last = { dueAt: '2026-03-02T05:00:00.000Z', runId, state: 'started', problem: null } as const;
  control.schedules.push(
    DAILY,
    { ...DAILY, name: 'weekly', section: 'Logs', last, skipped: { at: '2026-03-03T05:00:00.000Z', runId } },
    { ...DAILY, name: 'typo', nextAt: null, problem: 'there is no runbook dayly', last: { ...last, state: 'failed', problem: 'no such section' } },
  );
  try {
    const { out, err } = await cli.run(['runbook', 'list']);
    expect(out.split('\n\n').at(-1)?.trimEnd().split('\n')).toEqual([
      'daily  daily  0 6 * * * Europe/Berlin  next due 2026-03-03T05:00:00.000Z',
      '  nothing started yet',
      'weekly  daily "Logs"  0 6 * * * Europe/Berlin  next due 2026-03-03T05:00:00.000Z',
      `  last due 2026-03-02T05:00:00.000Z, ${runId} started`,
      `  2026-03-03T05:00:00.000Z was passed over: ${runId} was still going`,
      'typo  daily  0 6 * * * Europe/Berlin  never due',
      '  PROBLEM: there is no runbook dayly',
      `  last due 2026-03-02T05:00:00.000Z, ${runId} could not be started: no such section`,
    ]);
    expect(err).toContain('3 schedules.');
    expect(JSON.parse((await cli.run(['runbook', 'list', '--json'])).out)).toMatchObject({ schedules: control.schedules });
  } finally {
    await control.stop();
  }
});
