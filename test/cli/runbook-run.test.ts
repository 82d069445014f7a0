import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { probe } from '../runbook/probe-catalogue.ts';
import { cliFixture } from './cli-fixture.ts';
import type { CliFixture, Said } from './cli-fixture.ts';
import { startControl } from './control-fixture.ts';
import type { ControlFixture } from './control-fixture.ts';

const calls: { name: string; input: Record<string, unknown>; runId: string }[] = [];
const entries = [probe({}, calls), probe({ name: 'change', risk: 'change', permission: 'operate' }, calls)];
let cli: CliFixture;
let control: ControlFixture;
let token: string;

beforeAll(async () => {
  cli = cliFixture();
  control = await startControl(entries);
  cli.pointTo(control.url);
  token = await control.personToken('operator');
});

afterAll(async () => {
  await control.stop();
  cli.remove();
});

function run(lines: readonly string[], argv: readonly string[] = [], set: Readonly<Record<string, string>> = {}): Promise<Said> {
  const file = join(cli.home.root, 'book.md');
  writeFileSync(file, `# S\n\n\`\`\`bash\n${lines.join('\n')}\n\`\`\`\n\n# P\n\n- call somebody\n`);
  const environment = { home: cli.home.root, databaseUrl: undefined, controlUrl: undefined, token, gatewayPort: 0, controlPort: 0, color: false };
  calls.length = 0;
  return cli.run(['runbook', 'run', file, ...(argv.includes('--section') ? [] : ['--section', 'S']), ...argv], {
    environment,
    runbookParameter: (name) => set[name],
  });
}

describe('parameters', () => {
  test('come from --set, --set-file and ELULMC_SET_NAME, in this order', async () => {
    writeFileSync(join(cli.home.root, 'token'), 's3cret\n');
    const lines = ['./audits/probe.sh --count $N', './audits/probe.sh $T --approval-token $TOKEN'];
    const said = await run(lines, ['--set', 'N=4', '--set-file', `TOKEN=${join(cli.home.root, 'token')}`], { N: '5', T: 'from environment', TOKEN: 'no' });
    expect(said).toMatchObject({ code: 0 });
    expect(calls.map(({ input }) => input)).toMatchObject([{ count: 4 }, { target: 'from environment', approvalToken: 's3cret' }]);
    expect(said.out + said.err + JSON.stringify(control.log.entries)).not.toContain('s3cret');
  });

  test.each([
    [['./audits/probe.sh --approval-token $TOKEN'], ['--set', 'TOKEN=abc123'], 'use --set-file TOKEN=PATH'],
    [['./audits/probe.sh --count $N'], [], 'the parameter N has no value: --set N=VALUE, or ELULMC_SET_N'],
    [['./audits/probe.sh --count $N'], ['--set', 'N=many'], '--count: "many" is not a number'],
    [['./audits/probe.sh'], ['--set', 'X=1'], 'these steps have no parameter X'],
    [['./audits/probe.sh'], ['--set', 'X'], '--set takes NAME=VALUE'],
    [['./audits/probe.sh --count $N'], ['--set-file', 'N=/nowhere'], '/nowhere cannot be read'],
  ])('%j with %j exits 2 and runs nothing', async (lines, argv, message) => {
    const said = await run(lines, argv);
    expect(said.code).toBe(2);
    expect(said.err).toContain(message);
    expect(said.err).not.toContain('abc123');
    expect(calls).toEqual([]);
  });

  test('the bare variable of the shell is never read', async () => {
    process.env['N'] = '3';
    const said = await run(['./audits/probe.sh --count $N']);
    delete process.env['N'];
    expect(said.code).toBe(2);
  });
});

test('each step is a line of data, the exit code is that of the worst step', async () => {
  const said = await run(['./audits/probe.sh --verdict finding', './audits/probe.sh']);
  expect(said.code).toBe(3);
  expect(said.out).toMatch(/^finding {7}audits probe: Found finding\.\nok {12}audits probe: Found ok\./s);
  expect(said.err).toContain('> line 4: ./audits/probe.sh --verdict finding');
});

test('--json is the report of the run', async () => {
  const said = await run(['./audits/probe.sh --fail ISOLATED', './audits/change.sh'], ['--json']);
  expect(said.code).toBe(1);
  expect(JSON.parse(said.out.slice(0, said.out.indexOf('\n}\n') + 2))).toMatchObject({
    outcome: 'stopped',
    exit: 1,
    steps: [{ outcome: 'failed', problem: { code: 'ISOLATED' } }, { outcome: 'not-run' }],
  });
});

test.each([
  [['./audits/probe.sh', './audits/nothing.sh'], [], 'nothing was run. line 5: ./audits/nothing.sh: there is no operation "audits nothing"'],
  [['./audits/probe.sh'], ['--section', 'Z'], 'there is no section "Z"'],
  [['./audits/probe.sh'], ['--section', 'P'], 'is a step for a person, and nobody can be asked'],
])('what the control plane refuses is shown: %j %j', async (lines, argv, message) => {
  const said = await run(lines, argv);
  expect(said.code).toBe(2);
  expect(said.err).toContain(message);
  expect(calls).toEqual([]);
});

test('--yes records steps for people as skipped', async () => {
  const said = await run([], ['--section', 'P', '--yes']);
  expect(said).toMatchObject({ code: 0 });
  expect(said.out).toContain('skipped       call somebody');
  expect(control.log.entries.filter(({ action }) => action === 'runbook step').map(({ outcome }) => outcome)).toEqual(['skipped']);
});

test('with the control plane dead it fails at once and names the direct command', async () => {
  const dead = cliFixture();
  dead.pointTo('http://127.0.0.1:1');
  const said = await dead.run(['runbook', 'run', join(cli.home.root, 'book.md'), '--section', 'S']);
  expect(said.code).toBe(6);
  expect(said.err).toContain('elulmc security emergency-isolation');
  dead.remove();
});
