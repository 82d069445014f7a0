import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { examineSchedules } from '../../src/cli/examine-schedules.ts';
import { cliFixture } from './cli-fixture.ts';
import type { CliFixture } from './cli-fixture.ts';

let cli: CliFixture;
beforeEach(() => {
  cli = cliFixture();
});
afterEach(() => {
  cli.remove();
});

const BUILT_IN = { what: 'schedule model-integrity', verdict: 'ok', found: expect.stringMatching(/^model-integrity, next due .*:17:00\.000Z$/) as string };

test('without a configuration the built-in schedule is due every hour, and it can be replaced and turned off', async () => {
  expect(await examineSchedules(cli.home)).toEqual([BUILT_IN]);
  writeFileSync(cli.home.config, 'schedules: [{name: model-integrity, runbook: model-integrity, section: Scheduled Check, cron: "5 3 * * *"}]');
  expect(await examineSchedules(cli.home)).toMatchObject([{ found: expect.stringMatching(/T03:05:00\.000Z$/) as string }]);
  writeFileSync(cli.home.config, 'schedules: [{name: model-integrity, runbook: model-integrity, cron: "5 3 * * *", enabled: false}]');
  expect(await examineSchedules(cli.home)).toEqual([]);
});

test('a configuration that cannot be read: nothing to say here', async () => {
  writeFileSync(cli.home.config, 'schedules: 5');
  expect(await examineSchedules(cli.home)).toEqual([]);
});

test('each schedule that would start nothing is a problem with its reason', async () => {
  writeFileSync(
    cli.home.config,
    'schedules: [{name: daily, runbook: daily, cron: "0 6 * * *"}, {name: never, runbook: daily, cron: "0 0 30 2 *"}, {name: typo, runbook: dayly, cron: "0 6 * * *"}]',
  );
  expect(await examineSchedules(cli.home)).toMatchObject([
    { what: 'schedule daily', verdict: 'ok', found: expect.stringMatching(/^daily, next due .*T06:00:00\.000Z$/) as string },
    { what: 'schedule never', verdict: 'problem', found: expect.stringContaining('never comes due') as string },
    { what: 'schedule typo', verdict: 'problem', found: expect.stringMatching(/there is no runbook dayly.*config\.yaml$/) as string },
    BUILT_IN,
  ]);
});
