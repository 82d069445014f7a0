import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { writeShims } from '../../src/runbook/shims.ts';

const launcher = resolve(import.meta.dirname, '../../bin/elulmc');
const folder = mkdtempSync(join(tmpdir(), 'elulmc-lines-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function run(program: string, words: readonly string[], cwd: string): { readonly status: number | null; readonly answer: string | undefined } {
  const env = { ...process.env, ELULMC_HOME: join(folder, 'home'), ELULMC_URL: '', ELULMC_TOKEN: '' };
  const { status, stdout } = spawnSync(program, words, { cwd, env, encoding: 'utf8' });
  return { status, answer: stdout.split('\n').find((line) => line.startsWith('answer ')) };
}

/** Whatever this machine is: each answer has one exit. */
const EXITS: Readonly<Record<string, number>> = { 0: 0, 10: 8, 11: 8, 12: 3, 13: 3, 14: 8 };

function expectAnswer({ status, answer }: ReturnType<typeof run>): void {
  const [, code = ''] = /^answer (\d+): /u.exec(answer ?? '') ?? [];
  // Without a policy genuine evidence is a finding as well.
  expect([EXITS[code], 3]).toContain(status);
}

describe('the lines of the document, unchanged', { timeout: 120_000 }, () => {
  test.each([['./deployment/check_enclave.sh'], ['python', 'security/verify_attestation.py']])('elulmc run -- %s %s', (...line) => {
    expectAnswer(run(launcher, ['run', '--', ...line], folder));
  });

  test('in a folder of shims', () => {
    const shims = join(folder, 'shims');
    writeShims(shims, [launcher]);
    expectAnswer(run('./deployment/check_enclave.sh', [], shims));
    expectAnswer(run('./security/verify_attestation.py', [], shims));
    if (spawnSync('python3', ['--version']).status === 0) expectAnswer(run('python3', ['security/verify_attestation.py'], shims));
  });
});
