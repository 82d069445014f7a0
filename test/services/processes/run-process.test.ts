import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { identityOf, killLeftover } from '../../../src/services/processes/process-groups.ts';
import { runProcess } from '../../../src/services/processes/run-process.ts';
import type { ProcessRequest } from '../../../src/services/processes/run-process.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'elulmc-run-process-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function requestOf(argv: readonly string[], changes: Partial<ProcessRequest> = {}): ProcessRequest {
  const { signal } = new AbortController();
  const env = { PATH: process.env['PATH'] ?? '' };
  const allowed = (): Promise<void> => Promise.resolve();
  return { argv, folder, env, timeoutMs: 60_000, signal, beforeStart: allowed, onStarted: allowed, onOutput: () => undefined, ...changes };
}

const shell = (script: string): readonly string[] => ['sh', '-c', script];

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return readFileSync(`/proc/${String(pid)}/stat`, 'latin1').split(' ')[2] !== 'Z';
  } catch {
    return false;
  }
}

describe('what does not run', () => {
  test('a program that is not there, a folder that is not there, and nothing after the signal', async () => {
    expect(await runProcess(requestOf(['no-such-program']))).toMatchObject({ code: 127, notStarted: expect.stringContaining('ENOENT') as string });
    expect(await runProcess(requestOf(['true'], { folder: join(folder, 'none') }))).toMatchObject({ code: 127 });
    await expect(runProcess(requestOf(['true'], { signal: AbortSignal.abort(new Error('stopped')) }))).rejects.toThrow('stopped');
  });

  test('what is called off at the last moment', async () => {
    const beforeStart = (): Promise<void> => Promise.reject(new Error('another one leads'));
    await expect(runProcess(requestOf(shell('touch started'), { beforeStart }))).rejects.toThrow('another one leads');
    expect(existsSync(join(folder, 'started'))).toBe(false);
  });

  test('a process of which nobody can be told is killed', async () => {
    let pid = 0;
    const onStarted: ProcessRequest['onStarted'] = (started) => {
      pid = started.pid;
      return Promise.reject(new Error('no database'));
    };
    await expect(runProcess(requestOf(['sleep', '600'], { onStarted }))).rejects.toThrow('no database');
    await expect.poll(() => isAlive(pid)).toBe(false);
  });
});

test('both streams come in the order in which they were written, also in the middle of a character', async () => {
  const said: string[] = [];
  const script = 'printf a; printf b >&2; printf c; printf "\\303"; sleep 0.1; printf "\\244"';
  const result = await runProcess(requestOf(shell(script), { onOutput: (text) => said.push(text) }));
  expect(result).toMatchObject({ code: 0, tail: 'abcä', bytes: 5, ended: 'by-itself', mayStillRun: false });
  expect(said.join('')).toBe('abcä');
});

test('the environment of this process does not reach it', async () => {
  process.env['ELULMC_TEST_SECRET'] = 's3cret';
  const { tail } = await runProcess(requestOf(['env']));
  delete process.env['ELULMC_TEST_SECRET'];
  expect(tail).not.toContain('s3cret');
});

describe('the end', () => {
  test('a signal that it sends itself is 128 and its number', async () => {
    expect((await runProcess(requestOf(shell('kill -TERM $$')))).code).toBe(143);
  });

  test('what it leaves in its group ends with it', async () => {
    const { tail, ended } = await runProcess(requestOf(shell('sleep 600 & echo $!')));
    expect(ended).toBe('by-itself');
    await expect.poll(() => isAlive(Number(tail))).toBe(false);
  });

  test('what has left its group and holds the output open holds up nothing', async () => {
    const result = await runProcess(requestOf(shell("setsid sh -c 'echo $$; exec sleep 600' & sleep 0.2")));
    expect(result).toMatchObject({ code: 0, ended: 'by-itself' });
    process.kill(Number(result.tail), 'SIGKILL');
  });

  test('one that ignores the request to end is ended all the same', async () => {
    const result = await runProcess(requestOf(shell("trap '' TERM; while :; do sleep 1; done"), { timeoutMs: 300 }));
    expect(result).toMatchObject({ ended: 'timeout', code: 137, mayStillRun: false });
  });
});

describe('what a killed control plane has left', () => {
  test('is found by its setting or as the group of its first process, and nothing else is touched', async () => {
    const setting = `ELULMC_STEP=run_${String(process.pid)}`;
    const kill = new AbortController();
    const started = Promise.withResolvers<number>();
    const env = { PATH: process.env['PATH'] ?? '', ELULMC_STEP: setting.slice('ELULMC_STEP='.length) };
    const onStarted: ProcessRequest['onStarted'] = ({ pid }) => {
      started.resolve(pid);
      return Promise.resolve();
    };
    const running = runProcess(requestOf(['sleep', '600'], { env, signal: kill.signal, onStarted }));
    const identity = identityOf(await started.promise);
    expect(killLeftover({ ...identity, startTime: '1' }, 'ELULMC_STEP=run_other')).toBe('gone');
    expect(killLeftover({ ...identity, bootId: 'another' }, setting)).toBe('gone');
    expect(isAlive(identity.pid)).toBe(true);
    expect(killLeftover(identity, 'ELULMC_STEP=run_other')).toBe('killed');
    expect(await running).toMatchObject({ code: 137, ended: 'by-itself' });
    expect(killLeftover(identity, setting)).toBe('gone');
  });
});
