import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isHeld, isLock, readLock, releaseLock, takeLock } from '../../src/core/lock-file.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'elulmc-lock-'));
  path = join(folder, 'lock');
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();

describe('lock files', () => {
  test('a second taker is told who holds it; after release it is free', () => {
    const first = takeLock(path);
    if (!isLock(first)) throw new Error('not taken');
    const second = takeLock(path);
    expect(isLock(second)).toBe(false);
    expect(second).toMatchObject({ pid: process.pid, host: hostname() });
    releaseLock(first);
    expect(isLock(takeLock(path))).toBe(true);
  });

  test.each([
    ['dead process', { host: hostname(), bootId, pid: 2 ** 22 - 3, startTime: '1' }],
    ['same pid, other start', { host: hostname(), bootId, pid: process.pid, startTime: '1' }],
    ['earlier boot', { host: hostname(), bootId: 'another', pid: process.pid, startTime: '' }],
  ])('the lock of a %s is taken over', (_name, holder) => {
    writeFileSync(path, JSON.stringify(holder));
    expect(isLock(takeLock(path))).toBe(true);
    expect(readLock(path)?.pid).toBe(process.pid);
  });

  test('a holder on another host is believed', () => {
    writeFileSync(path, JSON.stringify({ host: 'elsewhere', bootId: 'x', pid: 1, startTime: '1' }));
    expect(isLock(takeLock(path))).toBe(false);
  });

  test.each(['', '{', '[]', '{"pid":"one"}'])('a file that names nobody (%j) is taken over', (content) => {
    writeFileSync(path, content);
    expect(isLock(takeLock(path))).toBe(true);
  });

  test('a release leaves the lock of another process alone', () => {
    const lock = takeLock(path);
    if (!isLock(lock)) throw new Error('not taken');
    expect(isHeld(lock)).toBe(true);
    rmSync(path);
    writeFileSync(path, JSON.stringify({ host: hostname(), bootId, pid: 1, startTime: '5' }));
    expect(isHeld(lock)).toBe(false);
    releaseLock(lock);
    expect(readLock(path)?.pid).toBe(1);
  });

  test('of many processes that start over a stale lock exactly one wins', async () => {
    writeFileSync(path, JSON.stringify({ host: hostname(), bootId, pid: 2 ** 22 - 3, startTime: '1' }));
    const module = new URL('../../src/core/lock-file.ts', import.meta.url).href;
    const program = `const { takeLock, isLock } = await import(${JSON.stringify(module)}); process.stdout.write(isLock(takeLock(${JSON.stringify(path)})) ? 'won' : 'lost'); process.stdin.resume();`;
    const children = Array.from({ length: 8 }, () => spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['pipe', 'pipe', 'inherit'] }));
    const answers = await Promise.all(
      children.map(
        (child) =>
          new Promise<string>((resolve) => {
            child.stdout.once('data', (data: Buffer) => {
              resolve(data.toString());
            });
          }),
      ),
    );
    for (const child of children) child.kill('SIGKILL');
    expect(answers.filter((answer) => answer === 'won')).toHaveLength(1);
  });
});
