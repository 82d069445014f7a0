import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
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
const takeBack = { room: 'audits', name: 'change', input: { target: 'back' } } as const;
const entries = [
  probe({}, calls),
  probe({ name: 'change', risk: 'change', permission: 'operate' }, calls),
  probe({ name: 'undoable', risk: 'change', permission: 'operate', compensate: () => takeBack }, calls),
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

function say(...argv: readonly string[]): Promise<Said> {
  return cli.run(argv, as(cli, token));
}

/** Starts a run of section S with these lines and gives its id. */
async function ran(...lines: readonly string[]): Promise<string> {
  return jsonOf(await say('runbook', 'run', writeBook(cli, lines), '--section', 'S', '--json')).id;
}

describe('what names no run exits 2 and says where runs are listed', () => {
  test.each([
    ['show', 'run_1'],
    ['confirm', '../../v1/health'],
    ['resume', ''],
    ['abort', 'chg_1', '--reason', 'x'],
    ['export', 'run_'],
  ])('%j', async (...argv) => {
    const said = await say('runbook', ...argv);
    expect(said).toMatchObject({ code: 2, out: '' });
    expect(said.err).toContain('is no id of a run; elulmc runbook show lists the newest runs');
  });

  test.each([['show'], ['confirm'], ['resume'], ['abort', '--reason', 'x'], ['export']])('%j of a run that is not there', async (verb, ...more) => {
    const said = await say('runbook', verb, newId('run'), ...more);
    expect(said.code).toBe(2);
    expect(said.err).toContain('error NOT_FOUND: there is no run run_');
  });

  test.each([
    [['resume', newId('run'), '--retry', '--skip'], 'give --retry or --skip, not both'],
    [['resume', newId('run'), '--set', 'A=b'], 'a secret that it has lost comes by --set-file A=PATH'],
    [['abort', newId('run')], "required option '--reason <text>' not specified"],
    [['show', '--limit', '0'], 'it must be a number from 1 to 500'],
    [['confirm', newId('run'), '--skip', '--evidence', 'x'], 'a step that is skipped has no evidence'],
    [['confirm', newId('run'), '--evidence', '/nowhere'], '--evidence: /nowhere cannot be read (ENOENT)'],
    [['confirm', newId('run'), '--evidence', '/'], '--evidence: / is not a file'],
  ])('%j', async (argv, message) => {
    const said = await say('runbook', ...argv);
    expect(said.code).toBe(2);
    expect(said.err).toContain(message);
  });
});

describe('runbook check', () => {
  test('prints line, command and operation, and exits 3 when one is unbound; no control plane is asked', async () => {
    const alone = cliFixture();
    const file = writeBook(alone, ['./audits/check_logs.sh --recent', './ours.sh']);
    const said = await alone.run(['runbook', 'check', file]);
    expect(said.code).toBe(3);
    expect(said.out).toMatch(/^ {4}4 {2}\.\/audits\/check_logs\.sh --recent {2}audits check-logs\n {4}5 {2}\.\/ours\.sh +unbound: "ours\.sh" is in no room/);
    expect(said.err).toBe('1 of 2 command lines are bound, 1 unbound.\n');
    const json = await alone.run(['runbook', 'check', file, '--json']);
    expect(JSON.parse(json.out)).toMatchObject({
      bound: 1,
      processes: 0,
      unbound: 1,
      exit: 3,
      lines: [{ operation: 'audits check-logs' }, { operation: null }],
    });
    expect((await alone.run(['runbook', 'check', 'model-compromise'])).code).toBe(0);
    alone.remove();
  });

  test('says of what configuration trusts that it is a process, and why a file does not count', async () => {
    const alone = cliFixture();
    const file = writeBook(alone, ['./ours.sh']);
    chmodSync(file, 0o600);
    writeFileSync(alone.home.config, 'runbooks:\n  processes:\n    - file: book.md\n');
    expect(await alone.run(['runbook', 'check', file])).toMatchObject({ code: 0, out: expect.stringContaining('./ours.sh  process') as string });
    chmodSync(file, 0o666);
    const said = await alone.run(['runbook', 'check', file]);
    expect(said.code).toBe(3);
    expect(said.err).toContain(`runbooks.processes in config.yaml does not count: ${file}: others can write ${file} (mode 666)`);
    alone.remove();
  });
});

test('runbook list names what can be run by name, this home before the program, with the schedules', async () => {
  writeFileSync(join(cli.home.runbooks, 'daily.md'), '# Ours\n\n- `./audits/check_logs.sh`\n- look\n');
  const said = await say('runbook', 'list');
  expect(said.code).toBe(0);
  expect(said.out).toMatch(/^daily {2,}1 of 1 commands bind, 1 step for people\n/);
  expect(said.out).toContain('(another one of this name goes before it)');
  expect(said.out).toContain('model-compromise');
  const { runbooks, schedules } = JSON.parse((await say('runbook', 'list', '--json')).out) as { runbooks: { file: string }[]; schedules: unknown };
  expect(runbooks.filter(({ file }) => file === 'daily')).toMatchObject([{ overridden: false }, { overridden: true }]);
  expect(schedules).toEqual([]);
});

describe('runbook plan', () => {
  test('prints each step with what it would change and what it needs, and performs nothing', async () => {
    const file = writeBook(cli, ['./audits/probe.sh', './audits/destroy.sh --count $N'], 'timeout=5m name=both');
    const said = await say('runbook', 'plan', file, '--all', '--set', 'N=2');
    expect(said.code).toBe(0);
    expect(said.out).toContain('  1.  audits probe (both), line 4  [timeout 5m]\n      ./audits/probe.sh\n      nothing would change\n');
    expect(said.out).toContain('  2.  audits destroy (both), line 5  [1 approval needed; timeout 5m]');
    expect(said.out).toContain('  3.  for a person, line 10\n      call somebody\n');
    expect(said.out).toMatch(/Parameters:\n {2}N {2}/);
    expect(calls).toEqual([]);
  });

  test('exits 3 when a step cannot be planned, and names what is missing', async () => {
    const said = await say('runbook', 'plan', writeBook(cli, ['./audits/change.sh --count $N']), '--section', 'S');
    expect(said.code).toBe(3);
    expect(said.out).toContain('not planned: no value for N');
    expect(said.err).toContain('1 step could not be planned.');
    const json = await say('runbook', 'plan', writeBook(cli, ['./audits/change.sh']), '--section', 'S', '--json');
    expect(JSON.parse(json.out)).toMatchObject({ section: 'S', steps: [{ operation: 'audits change', plan: { changes: [] } }] });
  });
});

describe('runbook show', () => {
  test('lists the newest runs, and one as a timeline', async () => {
    const id = await ran('./audits/probe.sh --verdict finding', './audits/change.sh');
    const list = await say('runbook', 'show', '--limit', '1');
    expect(list.out).toMatch(new RegExp(`^\\+ succeeded .* ${id} {2}S, by per_\\w+\\n$`));
    const one = await say('runbook', 'show', id);
    expect(one.code).toBe(0);
    expect(one.out).toMatch(/^run_\w+ {2}S\n\+ succeeded +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d .* started by per_\w+ \(request\)\n/);
    expect(one.out).toMatch(/! finding .* 1\. audits probe\n +Found finding\.\n\+ succeeded .* 2\. audits change\n/);
    expect(jsonOf(await say('runbook', 'show', id, '--json'))).toMatchObject({ id, state: 'succeeded', exit: 3 });
    // What it came to is the exit code of whoever follows it.
    expect((await say('runbook', 'show', id, '--follow')).code).toBe(3);
  });

  test('--follow shows what was not shown yet, and nothing twice', async () => {
    const file = writeBook(cli, ['./audits/probe.sh']);
    const { id } = jsonOf(await say('runbook', 'run', file, '--all', '--detach', '--json'));
    await newestRun(control, (view) => view.id === id && view.waitsFor?.kind === 'confirmation');
    const following = say('runbook', 'show', id, '--follow');
    await say('runbook', 'confirm', id, '--note', 'rang');
    const said = await following;
    expect(said.code).toBe(0);
    expect(said.out.match(/audits probe/g)).toHaveLength(1);
    expect(said.out).toMatch(/\+ confirmed +2\/2 {2}call somebody: by per_\w+: rang \(/);
  });

  test('a failed run says what can be done about it', async () => {
    const id = await ran('./audits/probe.sh --fail ISOLATED');
    const said = await say('runbook', 'show', id);
    expect(said.out).toMatch(/x failed .* 1\. audits probe\n/);
    expect(said.out).toContain(`next:   elulmc runbook resume ${id} --retry or --skip; or elulmc runbook abort ${id} --reason TEXT`);
  });
});

describe('runbook resume', () => {
  test('--skip leaves the step out and goes on; what has ended is not said again', async () => {
    const id = await ran('./audits/change.sh', './audits/probe.sh --fail ISOLATED', './audits/probe.sh');
    const said = await say('runbook', 'resume', id, '--skip');
    expect(said.out).not.toContain('audits change');
    expect(said.out).toMatch(/- skipped +2\/3 .*\n\+ succeeded +3\/3 {2}audits probe: Found ok\./);
    expect(calls.map(({ name }) => name)).toEqual(['change', 'probe', 'probe']);
  });

  test('a run that has ended well is not resumed', async () => {
    const said = await say('runbook', 'resume', await ran('./audits/probe.sh'));
    expect(said.code).toBe(1);
    expect(said.err).toContain('error RUN_STATE');
    expect(said.err).toContain('elulmc runbook show RUN');
  });
});

describe('runbook abort', () => {
  test('--undo takes back what can be taken back, says of the rest why not, and exits 0', async () => {
    const id = await ran('./audits/undoable.sh', './audits/change.sh', './audits/probe.sh --fail ISOLATED');
    const said = await say('runbook', 'abort', id, '--reason', 'wrong model', '--undo');
    expect(said.code).toBe(0);
    expect(said.out).toMatch(/^1\/3 {2}audits undoable: Taken back by audits change \(run_\w+\): Found ok\.$/m);
    expect(said.out).toMatch(/^2\/3 {2}audits change: Not taken back by itself\. By hand: none$/m);
    expect(said.err).toMatch(/Aborted by per_\w+: wrong model\. 1 of 3 steps were taken back\./);
    expect(calls.at(-1)).toMatchObject({ name: 'change', input: { target: 'back' } });
    expect((await say('runbook', 'show', id)).out).toContain('undone: Taken back by audits change');
  });

  test('whoever follows a run that somebody aborts gets 130', async () => {
    const running = say('runbook', 'run', writeBook(cli, []), '--section', 'P', '--wait');
    const { id } = await newestRun(control, ({ waitsFor, section }) => section === 'P' && waitsFor?.kind === 'confirmation');
    expect((await say('runbook', 'abort', id, '--reason', 'false alarm')).code).toBe(0);
    expect((await running).code).toBe(130);
  });

  test('a person at a terminal is asked first, and No leaves the run', async () => {
    const id = await ran('./audits/probe.sh --fail ISOLATED');
    const { stdio, press, seen } = terminal();
    const asking = cli.run(['runbook', 'abort', id, '--reason', 'x'], as(cli, token, { stdio }));
    await seen('No, leave it');
    press('\r');
    expect((await asking).code).toBe(130);
    await seen('the run was not aborted');
    expect(jsonOf(await say('runbook', 'show', id, '--json')).state).toBe('failed');
  });
});

describe('runbook export', () => {
  test('is Markdown on stdout, or a new file that only its owner reads', async () => {
    const id = await ran('./audits/probe.sh');
    const out = await say('runbook', 'export', id);
    expect(out).toMatchObject({ code: 0, err: '' });
    expect(out.out).toMatch(/^# Run of S\n/);
    const file = join(cli.home.root, 'report.md');
    expect((await say('runbook', 'export', id, '--output', file)).err).toBe(`Written to ${file}.\n`);
    expect(readFileSync(file, 'utf8')).toBe(out.out);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const again = await say('runbook', 'export', id, '--output', file);
    expect(again.code).toBe(2);
    expect(again.err).toContain(`--output: ${file} cannot be written (EEXIST)`);
    expect((await say('runbook', 'export', newId('run'), '--output', join(cli.home.root, 'none.md'))).code).toBe(2);
    expect(existsSync(join(cli.home.root, 'none.md'))).toBe(false);
  });
});

test.each(['list', 'check', 'plan', 'run', 'show', 'confirm', 'resume', 'abort', 'export', 'shims'])('runbook %s --help has examples', async (verb) => {
  const said = await say('runbook', verb, '--help');
  expect(said).toMatchObject({ code: 0, err: '' });
  expect(said.out).toMatch(new RegExp(`Examples:\n {2}elulmc runbook ${verb}\\b`));
});
