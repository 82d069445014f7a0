import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cliFixture } from './cli-fixture.ts';
import type { CliFixture } from './cli-fixture.ts';

let cli: CliFixture;
let folder: string;

beforeAll(async () => {
  cli = cliFixture();
  folder = mkdtempSync(join(tmpdir(), 'elulmc-completion-'));
  for (const shell of ['bash', 'zsh', 'fish']) {
    const said = await cli.run(['completion', shell]);
    expect(said).toMatchObject({ code: 0, err: '' });
    writeFileSync(join(folder, shell), said.out);
  }
  writeFileSync(join(cli.home.runbooks, 'our own $(touch x).md'), '# A\n');
  writeFileSync(join(cli.home.runbooks, 'ours.md'), '# A\n');
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  cli.remove();
});

function hasShell(shell: string): boolean {
  try {
    execFileSync(shell, ['-c', 'exit 0']);
    return true;
  } catch {
    return false;
  }
}

/** What bash would offer after these words, the last one being written. */
function offered(...words: readonly string[]): readonly string[] {
  const script = 'source "$1"; shift; COMP_WORDS=(elulmc "$@"); COMP_CWORD=$#; _elulmc; printf "%s\\n" "${COMPREPLY[@]}"';
  const env = { ...process.env, ELULMC_HOME: cli.home.root };
  const text = execFileSync('bash', ['--norc', '-c', script, 'bash', join(folder, 'bash'), ...words], { env, encoding: 'utf8', cwd: folder });
  return text.split('\n').filter((line) => line !== '');
}

describe.skipIf(!hasShell('bash'))('bash (skipped where it is absent)', () => {
  test.each([
    [['sec'], ['security']],
    [['security', 'is'], ['isolate-system']],
    [['security', 'emergency-isolation', '--mo'], ['--model']],
    [['audits', 'check-logs', '--k'], ['--kind']],
    [['governance', 'invite', '--role', 's'], ['security']],
    [
      ['deployment', 'activate-backup', '--approval-t'],
      ['--approval-token', '--approval-token-file'],
    ],
    [['runbook', 'ex'], ['export']],
    [['runbook', 'run', 'model-c'], ['model-compromise']],
    [['runbook', 'run', 'ours'], ['ours']],
    [
      ['runbook', 'run', 'daily', '--se'],
      ['--section', '--set', '--set-file'],
    ],
    [['runbook', 'show', '--f'], ['--follow']],
    [['completion', 'f'], ['fish']],
    [['--v'], ['--version']],
    [['runbook', 'run', 'daily', '--section', ''], []],
    [['nonsense', ''], []],
  ])('%j', (words, expected) => {
    expect(offered(...words)).toEqual(expected);
  });

  test('the name of a file is never run', () => {
    expect(offered('runbook', 'plan', 'our')).toEqual(['our\\ own\\ \\$\\(touch\\ x\\)', 'ours']);
  });
});

test('every script knows every option of every command, and hides what is refused', async () => {
  const help = await cli.run(['governance', 'issue-key', '--help']);
  const flags = [...help.out.matchAll(/^ {2}(?:-\w, )?--([a-z-]+)/gm)].map(([, flag]) => flag ?? '');
  expect(flags.length).toBeGreaterThan(5);
  for (const shell of ['bash', 'zsh', 'fish']) {
    const script = (await cli.run(['completion', shell])).out;
    for (const flag of flags) expect(script).toMatch(shell === 'fish' ? `__elulmc_in governance issue-key' -l ${flag}` : `--${flag}`);
  }
});

test.each(['bash', 'zsh', 'fish'].filter(hasShell))('%s reads its script without an error', (shell) => {
  execFileSync(shell, ['-n', join(folder, shell)]);
});
