import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../../src/core/ids.ts';
import { catalogue } from '../../src/operations/catalogue.ts';
import { probe } from '../runbook/probe-catalogue.ts';
import { cliFixture } from './cli-fixture.ts';
import type { CliFixture, Said } from './cli-fixture.ts';
import { startControl } from './control-fixture.ts';
import type { ControlFixture } from './control-fixture.ts';
import { as, jsonOf, newestRun, terminal, writeBook } from './runbook-fixture.ts';

const calls: { name: string; input: Record<string, unknown>; runId: string }[] = [];
const entries = [
  probe({}, calls),
  probe({ name: 'change', risk: 'change', permission: 'operate' }, calls),
  probe({ name: 'destroy', risk: 'destroy', permission: 'operate', approvals: 1 }, calls),
  ...catalogue.filter(({ room }) => room === 'governance'),
];
let cli: CliFixture;
let control: ControlFixture;
let token: string;

beforeAll(async () => {
  cli = cliFixture();
  control = await startControl(entries);
  cli.pointTo(control.url);
  token = await control.personToken('operator');
});

afterEach(() => {
  calls.length = 0;
});

afterAll(async () => {
  await control.stop();
  cli.remove();
});

function run(lines: readonly string[], argv: readonly string[] = [], set: Readonly<Record<string, string>> = {}): Promise<Said> {
  const file = writeBook(cli, lines);
  const section = argv.includes('--section') || argv.includes('--all') ? [] : ['--section', 'S'];
  return cli.run(['runbook', 'run', file, ...section, ...argv], as(cli, token, { runbookParameter: (name) => set[name] }));
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

test('each end of a step is a line of data, the exit code is that of the worst step', async () => {
  const said = await run(['./audits/probe.sh --verdict finding', './audits/probe.sh']);
  expect(said.code).toBe(3);
  expect(said.out).toMatch(/^! finding {11}1\/2 {2}audits probe: Found finding\. \(\d+ ms\)\n\+ succeeded {9}2\/2 {2}audits probe: Found ok\./);
  expect(said.err).toMatch(/^S: 2 steps, run run_/);
});

test('--json is the run, one object', async () => {
  const said = await run(['./audits/probe.sh --fail ISOLATED', './audits/change.sh'], ['--json']);
  expect(said.code).toBe(1);
  expect(jsonOf(said)).toMatchObject({
    state: 'failed',
    exit: 1,
    steps: [{ state: 'failed', problem: { code: 'ISOLATED' } }, { state: 'pending' }],
  });
  expect(said.err).toContain('elulmc runbook resume run_');
});

test.each([
  [['./audits/probe.sh', './audits/nothing.sh'], [], 'nothing was run. line 5: ./audits/nothing.sh: there is no operation "audits nothing"'],
  [['./audits/probe.sh'], ['--section', 'Z'], 'there is no section "Z"'],
  [['./audits/probe.sh'], ['--section', 'P'], 'is a step for a person, and nobody can be asked'],
  [['./audits/probe.sh'], ['--all'], 'is a step for a person, and nobody can be asked'],
  [['./audits/probe.sh'], ['--section', 'S', '--all'], 'give --section or --all, not both'],
  [['./audits/probe.sh'], ['--run-id', 'run_1'], '--run-id is not an id'],
])('what cannot be run is shown, and nothing is run: %j %j', async (lines, argv, message) => {
  const before = (await control.runs().list(500)).length;
  const said = await run(lines, argv);
  expect(said.code).toBe(2);
  expect(said.err).toContain(message);
  expect(calls).toEqual([]);
  expect((await control.runs().list(500)).length).toBe(before);
});

test('a document with several sections needs one, or --all; one with a name runs whole', async () => {
  const file = writeBook(cli, ['./audits/probe.sh']);
  const said = await cli.run(['runbook', 'run', file], as(cli, token));
  expect(said.code).toBe(2);
  expect(said.err).toContain('name the section to run with --section, or --all; this runbook has "S" (line 1), "P" (line 7)');
  const all = await cli.run(['runbook', 'run', file, '--all', '--yes'], as(cli, token));
  expect(all.code).toBe(0);
  expect(all.out).toMatch(/succeeded.*1\/2.*skipped.*2\/2/s);
  const named = join(cli.home.runbooks, 'named.md');
  writeFileSync(named, '---\nname: Named\n---\n# A\n- one\n# B\n- two\n');
  const whole = await cli.run(['runbook', 'run', 'named', '--yes', '--json'], as(cli, token));
  expect(jsonOf(whole)).toMatchObject({ runbook: 'Named', section: '/', steps: [{ text: 'one' }, { text: 'two' }] });
});

test('--yes records steps for people as skipped', async () => {
  const said = await run([], ['--section', 'P', '--yes']);
  expect(said).toMatchObject({ code: 0 });
  expect(said.out).toMatch(/^- skipped +1\/1 {2}call somebody/);
  expect(control.log.entries.filter(({ action }) => action === 'runbook step').map(({ outcome }) => outcome)).toContain('skipped');
});

test('the same run id shows the same run and applies nothing twice', async () => {
  const runId = newId('run');
  expect((await run(['./audits/change.sh'], ['--run-id', runId])).code).toBe(0);
  expect((await run(['./audits/change.sh'], ['--run-id', runId])).code).toBe(0);
  expect(calls).toHaveLength(1);
  const other = await run(['./audits/probe.sh'], ['--run-id', runId]);
  expect(other.err).toContain('CONFLICT');
});

describe('without a terminal', () => {
  test('a run that waits for an approval is left with 4, and it says who must do what', async () => {
    const said = await run(['./audits/destroy.sh', './audits/probe.sh']);
    expect(said.code).toBe(4);
    expect(said.err).toMatch(/1 more person must approve apr_\w+/);
    expect(said.err).toMatch(/elulmc governance approve apr_\w+/);
    expect(said.err).toMatch(/elulmc runbook show run_\w+ --follow/);
    expect(calls).toEqual([]);
  });

  test('--wait follows it on, and what another terminal confirms goes on', async () => {
    const file = writeBook(cli, ['./audits/probe.sh']);
    const running = cli.run(['runbook', 'run', file, '--all', '--wait'], as(cli, token));
    const { id } = await newestRun(control, ({ waitsFor, section }) => section === '/' && waitsFor?.kind === 'confirmation');
    writeFileSync(join(cli.home.root, 'shot.txt'), 'I was there');
    const confirmed = await cli.run(['runbook', 'confirm', id, '--note', 'done at 3', '--evidence', join(cli.home.root, 'shot.txt')], as(cli, token));
    expect(confirmed).toMatchObject({ code: 0 });
    expect(confirmed.err).toContain('Confirmed: call somebody');
    const said = await running;
    expect(said.code).toBe(0);
    expect(said.err).toContain(`next:  elulmc runbook confirm ${id}`);
    expect(said.out).toMatch(/\+ confirmed +2\/2 {2}call somebody: by per_\w+: done at 3 \(/);
    const again = await cli.run(['runbook', 'confirm', id], as(cli, token));
    expect(again.err).toContain('does not wait for a confirmation; it is succeeded');
  });

  test('--detach starts it and leaves', async () => {
    const said = await run(['./audits/change.sh'], ['--detach', '--json']);
    expect(said.code).toBe(0);
    const { id } = jsonOf(said);
    expect(said.err).toContain(`elulmc runbook show ${id} --follow`);
    expect(await cli.run(['runbook', 'show', id, '--follow'], as(cli, token))).toMatchObject({ code: 0 });
    expect(calls).toHaveLength(1);
  });
});

describe('at a terminal', () => {
  test('a step is confirmed with a note', async () => {
    const { stdio, press, seen } = terminal();
    const running = cli.run(['runbook', 'run', writeBook(cli, []), '--section', 'P'], as(cli, token, { stdio }));
    await seen('Stop the run');
    press('\r');
    await seen('A note');
    press('I called\r');
    await seen('File as evidence');
    press('\r');
    await seen('call somebody: by per_');
    expect((await running).code).toBe(0);
    const [head] = await control.runs().list(1);
    const view = await control.runs().view(head?.id ?? '', { kind: 'system', id: 'system' });
    expect(view.steps[0]).toMatchObject({ state: 'succeeded', evidence: { note: 'I called', file: null } });
  });

  test('Ctrl-C in a question leaves the run, which goes on waiting', async () => {
    const { stdio, press, seen } = terminal();
    const running = cli.run(['runbook', 'run', writeBook(cli, []), '--section', 'P'], as(cli, token, { stdio }));
    await seen('Stop the run');
    press('\u0003');
    await seen('You have left the run. It goes on.');
    expect((await running).code).toBe(130);
    expect((await control.runs().list(1))[0]).toMatchObject({ state: 'pending', waitsFor: { kind: 'confirmation' } });
  });

  test('a question that another terminal answers goes away', async () => {
    const { stdio, seen } = terminal();
    const running = cli.run(['runbook', 'run', writeBook(cli, []), '--section', 'P'], as(cli, token, { stdio }));
    await seen('Stop the run');
    const { id } = await newestRun(control, ({ waitsFor }) => waitsFor?.kind === 'confirmation');
    expect(await cli.run(['runbook', 'confirm', id, '--skip', '--note', 'not needed'], as(cli, token))).toMatchObject({ code: 0 });
    expect((await running).code).toBe(0);
  });
});

test('Ctrl-C leaves the run: it goes on, and the exit code is 130', async () => {
  const { stdio, seen } = terminal();
  const file = writeBook(cli, ['./audits/destroy.sh']);
  const running = cli.run(['runbook', 'run', file, '--section', 'S', '--wait', '--no-input'], as(cli, token, { stdio }));
  await seen('must approve');
  process.emit('SIGINT');
  await seen('You have left the run. It goes on.');
  await seen('elulmc runbook abort run_');
  expect((await running).code).toBe(130);
  expect((await control.runs().list(1))[0]).toMatchObject({ state: 'waiting-approval' });
});

test('a control plane that is killed and comes back is followed on', { timeout: 60_000 }, async () => {
  const running = run([], ['--section', 'P', '--wait']);
  const { id } = await newestRun(control, ({ waitsFor, section }) => section === 'P' && waitsFor?.kind === 'confirmation');
  await (
    await control.kill()
  )();
  expect(await cli.run(['runbook', 'confirm', id], as(cli, token))).toMatchObject({ code: 0 });
  const said = await running;
  expect(said.code).toBe(0);
  expect(said.out).toContain('+ confirmed');
});

test('with the control plane dead it fails at once and names the direct command', async () => {
  const dead = cliFixture();
  dead.pointTo('http://127.0.0.1:1');
  const said = await dead.run(['runbook', 'run', writeBook(cli, ['./audits/probe.sh']), '--section', 'S']);
  expect(said.code).toBe(6);
  expect(said.err).toContain('elulmc security emergency-isolation');
  dead.remove();
});
