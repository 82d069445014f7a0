import { Writable } from 'node:stream';
import { afterAll, describe, expect, test } from 'vitest';
import type { ToolCommand } from '../../src/cli/context.ts';
import { cliFixture } from './cli-fixture.ts';

const cli = cliFixture();
afterAll(() => {
  cli.remove();
});

describe('usage errors exit 2, name what is wrong and load nothing more than they must', () => {
  test.each([
    [['secrity'], "unknown command 'secrity' (Did you mean security?)"],
    [['security', 'emergency-isolatio'], 'Did you mean emergency-isolation?'],
    [['security', 'emergency-isolation', '--rason', 'x'], "unknown option '--rason' (Did you mean --reason?)"],
    [['governance', 'issue-key'], '--name is missing'],
    [['governance', 'issue-key', '--name', 'a', 'b'], 'too many arguments'],
    [['governance', 'issue-key', '--name', 'a', '--concurrency', '0.5'], '--concurrency'],
    [['governance', 'issue-key', '--name', ''], '--name'],
    [['deployment', 'activate-backup', '--run-id', 'x'], '--run-id is not an id'],
    [['run', '--', './nothing.sh'], 'is in no room'],
    [['run', '--', './governance/revoke_all_sessions.py', '--nope'], 'has no option --nope'],
    [['run', '--', './a.sh | sh'], 'a pipe'],
    [['runbook', 'check', '/nowhere/at/all.md'], 'there is no runbook /nowhere/at/all.md'],
    [['runbook', 'nonsense'], "unknown command 'nonsense'"],
    [['completion', 'powershell'], 'Allowed choices are bash, zsh, fish'],
    [['sign-in', 'not a link'], 'LINK is not an http or https URL'],
    [['sign-in', 'http://127.0.0.1:1/elsewhere'], 'LINK is not a sign-in link'],
  ])('%j', async (argv, message) => {
    const said = await cli.run(argv);
    expect(said.code).toBe(2);
    expect(said.err).toContain(message);
    expect(said.err).toMatch(/^error [A-Z_]+: .+\nhelp: .+\nid: err_[0-9a-z]{26}\n$/s);
    expect(said.out).toBe('');
  });

  test('no command at all shows the help on stderr', async () => {
    const said = await cli.run([]);
    expect(said).toMatchObject({ code: 2, out: '' });
    expect(said.err).toContain('Usage: elulmc');
  });

  test('--json gives the object of the HTTP API', async () => {
    const said = await cli.run(['governance', 'issue-key', '--json']);
    expect(JSON.parse(said.out)).toMatchObject({ code: 'USAGE', status: 400, exit: 2, field: 'name' });
  });
});

test('without an installation a command says so and exits 6', async () => {
  const said = await cli.run(['governance', 'list-sessions']);
  expect(said).toMatchObject({ code: 6, out: '' });
  expect(said.err).toContain('error CONTROL_UNREACHABLE');
});

test.each([
  [['--help'], 'Rooms:'],
  [['help'], 'Rooms:'],
  [['security', '--help'], 'isolate-system'],
  [['help', 'security'], 'isolate-system'],
  [['security', 'emergency-isolation', '--help'], '--upstream <text>'],
  [['help', 'security', 'emergency-isolation'], '--dry-run'],
  [['deployment', 'resume-operations', '-h'], '--restore-routes'],
  [['governance', 'issue-key', '--help'], '--requests-per-minute <'],
  [['runbook', 'run', '--help'], '--set-file'],
  [['--version'], '1.2.3'],
  [['completion', 'bash'], 'complete -o default'],
  [['completion', 'zsh'], '#compdef elulmc'],
  [['completion', 'fish'], 'complete -c elulmc'],
])('%j prints on stdout and exits 0', async (argv, text) => {
  const said = await cli.run(argv);
  expect(said).toMatchObject({ code: 0, err: '' });
  expect(said.out).toContain(text);
});

test('a command of app.ts is registered only when it is called', async () => {
  const registered: string[] = [];
  const tool = (name: string): ToolCommand => ({
    name,
    summary: `the summary of ${name}`,
    register: (command, session) => {
      registered.push(name);
      command.argument('<word>').action((word: string) => {
        session.output.data(word);
        session.exit = 3;
      });
      return Promise.resolve();
    },
  });
  const commands = [tool('up'), tool('doctor')];
  expect((await cli.run(['--help'], { commands })).out).toContain('the summary of up');
  expect(registered).toEqual([]);
  expect(await cli.run(['up', 'hello'], { commands })).toEqual({ code: 3, out: 'hello\n', err: '' });
  expect(registered).toEqual(['up']);
});

test('local operations are performed by this process', async () => {
  const calls: unknown[] = [];
  const said = await cli.run(['audits', 'verify-log', '--json'], {
    runLocally: (call) => {
      calls.push([call.room, call.name]);
      return Promise.resolve({ exit: 7, output: {} } as never);
    },
  });
  expect(said.code).toBe(7);
  expect(calls).toEqual([['audits', 'verify-log']]);
});

test('a reader that has gone is no error', async () => {
  const stdout = new Writable({
    write: (_chunk, _encoding, done) => {
      done(Object.assign(new Error('broken pipe'), { code: 'EPIPE' }));
    },
  });
  const stderr = new Writable({
    write: (_chunk, _encoding, done) => {
      done();
    },
  });
  expect((await cli.run(['--help'], { stdio: { stdin: process.stdin, stderr, stdout } })).code).toBe(0);
});

test('names from outside do not steer the terminal', async () => {
  const said = await cli.run(['run', '--', './\u001b[2Jx.sh']);
  expect(said.err).not.toContain('\u001b');
});
