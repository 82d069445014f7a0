import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { catalogue } from '../../src/operations/catalogue.ts';
import { PROGRAM_RUNBOOKS } from '../../src/runbook/runbook-files.ts';
import { scheduledRequest, scheduledRunProblem } from '../../src/runbook/scheduled-run.ts';
import type { ScheduleSources } from '../../src/runbook/scheduled-run.ts';
import { NO_TRUSTED_RUNBOOKS } from '../../src/runbook/trusted-runbooks.ts';
import type { ScheduleDefinition } from '../../src/services/schedules/definition.ts';

const DAILY: ScheduleDefinition = { name: 'daily', runbook: 'daily', section: null, cron: '0 6 * * *', timezone: 'UTC', set: {} };
let folder: string;
let sources: ScheduleSources;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'elulmc-scheduled-'));
  mkdirSync(join(folder, 'own'));
  sources = { catalogue, folders: [join(folder, 'own'), PROGRAM_RUNBOOKS], trusted: NO_TRUSTED_RUNBOOKS };
  writeFileSync(join(folder, 'outside.md'), '# Outside\n\n- look\n');
  writeFileSync(join(folder, 'own', 'weekly.md'), '# Ours\n\n- look at the lights\n');
  writeFileSync(join(folder, 'own', 'two.md'), '# A\n\n- look\n\n# B\n\n```bash\nelulmc deployment activate-backup --model $MODEL\n```\n');
  writeFileSync(join(folder, 'own', 'unbound.md'), '# A\n\n```bash\nrm -rf everything\n```\n');
  writeFileSync(join(folder, 'own', 'secret.md'), '# A\n\n```bash\nelulmc deployment resume-operations --approval-token $TOKEN\n```\n');
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('a run that could not be is told before it is due', () => {
  test.each<[string, Partial<ScheduleDefinition>, string | RegExp]>([
    ['no such file', { runbook: 'nothing' }, /^there is no runbook nothing, nor in .*elulmc runbook list/],
    ['one outside of the folders', { runbook: '../outside.md' }, /^there is no runbook \.\.\/outside\.md/],
    ['a name that only fits where the process stands', { runbook: 'package.json' }, /^there is no runbook package\.json/],
    ['no section named', { runbook: 'two' }, /^name the section to run/],
    ['no such section', { runbook: 'two', section: 'C' }, /^there is no section "C"/],
    ['a parameter without a value', { runbook: 'two', section: 'B' }, 'the parameter MODEL has no value: --set MODEL=VALUE'],
    ['a parameter that is not there', { runbook: 'two', section: 'A', set: { MODEL: 'x' } }, 'nothing was run: these steps have no parameter MODEL'],
    ['a line that nothing may run', { runbook: 'unbound' }, /rm -rf everything/],
    ['a secret in config.yaml', { runbook: 'secret', set: { TOKEN: 'x' } }, /^set\.TOKEN: it is a secret/],
  ])('%s', async (_what, given, problem) => {
    expect(await scheduledRunProblem({ ...DAILY, ...given }, sources)).toEqual(typeof problem === 'string' ? problem : expect.stringMatching(problem));
  });
});

test('the runbooks of the program that are meant for schedules can be started as they are', async () => {
  for (const runbook of ['daily', 'weekly.md', 'monthly']) {
    expect(await scheduledRunProblem({ ...DAILY, runbook }, { ...sources, folders: [PROGRAM_RUNBOOKS] })).toBeNull();
  }
});

test('a runbook of the installation goes before that of the program; an absolute path is taken as it is', async () => {
  const own = { text: '# Ours\n\n- look at the lights\n', section: undefined, parameters: {}, prose: 'wait' };
  expect(await scheduledRequest({ ...DAILY, runbook: 'weekly' }, sources)).toEqual(own);
  const outside = await scheduledRequest({ ...DAILY, runbook: join(folder, 'outside.md') }, sources);
  expect(outside.text).toContain('# Outside');
});

test('values go with it', async () => {
  const request = await scheduledRequest({ ...DAILY, runbook: 'two', section: 'B', set: { MODEL: 'demo' } }, sources);
  expect(request).toMatchObject({ section: 'B', parameters: { MODEL: 'demo' }, prose: 'wait' });
});
