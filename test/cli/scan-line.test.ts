import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { writeShims } from '../../src/runbook/shims.ts';
import { pickle, SYSTEM } from '../artifacts/pickle/assembler.ts';
import { temporaryFolder } from '../fixtures/temporary-folder.ts';

const launcher = resolve(import.meta.dirname, '../../bin/elulmc');
const folder = temporaryFolder('scan-line');
const LINE = ['security/backdoor_scan.py', '--model', 'new_model.bin'];

function run(program: string, words: readonly string[], cwd: string): { readonly status: number | null; readonly stdout: string } {
  const env = { ...process.env, ELULMC_HOME: join(folder, 'home'), ELULMC_URL: '', ELULMC_TOKEN: '' };
  const { status, stdout } = spawnSync(program, words, { cwd, env, encoding: 'utf8' });
  return { status, stdout };
}

describe('the line of the document, unchanged, reads the file in the current folder', { timeout: 120_000 }, () => {
  test('elulmc run -- python security/backdoor_scan.py --model new_model.bin', () => {
    expect(run(launcher, ['run', '--', 'python', ...LINE], folder)).toMatchObject({ status: 2, stdout: '' });
    writeFileSync(join(folder, 'new_model.bin'), pickle(SYSTEM));
    const { status, stdout } = run(launcher, ['run', '--', 'python', ...LINE], folder);
    expect({ status, model: stdout.split('\n')[0] }).toEqual({ status: 3, model: 'model        new_model.bin' });
    expect(stdout).toMatch(/^verdict {6}malicious$/m);
  });

  test('in a folder of shims', () => {
    const shims = join(folder, 'shims');
    mkdirSync(shims);
    writeShims(shims, [launcher]);
    writeFileSync(join(shims, 'new_model.bin'), '{"an": "ordinary text"}');
    expect(run('./security/backdoor_scan.py', LINE.slice(1), shims).status).toBe(0);
    if (spawnSync('python3', ['--version']).status === 0) expect(run('python3', LINE, shims).status).toBe(0);
  });
});
