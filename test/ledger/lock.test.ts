import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isHeld, releaseLock } from '../../src/core/lock-file.ts';
import { acquireLock } from '../../src/ledger/lock.ts';
import { temporaryFolder } from './support.ts';

function lockOf(more: Record<string, unknown> = {}): string {
  const folder = temporaryFolder();
  const lock = acquireLock(folder);
  const own = JSON.parse(readFileSync(lock.path, 'utf8')) as Record<string, unknown>;
  releaseLock(lock);
  writeFileSync(lock.path, JSON.stringify({ ...own, ...more }));
  return folder;
}

async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '0']);
  await once(child, 'exit');
  return child.pid ?? 0;
}

describe('a lock is respected', () => {
  test('of a living process', () => {
    expect(() => acquireLock(lockOf())).toThrow(
      expect.objectContaining({ code: 'LEDGER_LOCKED', message: expect.stringContaining(String(process.pid)) as string }) as Error,
    );
  });

  test('of another host, whatever else it says', () => {
    expect(() => acquireLock(lockOf({ host: `${hostname()}-2`, bootId: 'x' }))).toThrow(
      expect.objectContaining({ code: 'LEDGER_LOCKED', message: expect.stringContaining(`${hostname()}-2`) as string }) as Error,
    );
  });

  test.each(['', '{}', 'null', '{"pid":"1"}', '[]'])('that reads %j', (text) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'lock'), text);
    expect(() => acquireLock(folder)).toThrow(expect.objectContaining({ code: 'LEDGER_LOCKED' }) as Error);
    expect(readFileSync(join(folder, 'lock'), 'utf8')).toBe(text);
  });
});

describe.skipIf(!existsSync('/proc/self/stat'))('a lock is taken over', () => {
  test('of a dead process', async () => {
    expect(isHeld(acquireLock(lockOf({ pid: await deadPid() })))).toBe(true);
  });

  test('of another boot', () => {
    expect(isHeld(acquireLock(lockOf({ bootId: '00000000-0000-0000-0000-000000000000' })))).toBe(true);
  });

  test('of an earlier process with the same number', () => {
    expect(isHeld(acquireLock(lockOf({ startTime: '1' })))).toBe(true);
  });
});

test('a lock leaves nothing behind', () => {
  const folder = temporaryFolder();
  const lock = acquireLock(folder);
  expect(readdirSync(folder)).toEqual(['lock']);
  releaseLock(lock);
  expect(readdirSync(folder)).toEqual([]);
});

test('a lock that was replaced is neither held nor released', () => {
  const folder = temporaryFolder();
  const lock = acquireLock(folder);
  rmSync(lock.path);
  const other = acquireLock(folder);
  expect(isHeld(lock)).toBe(false);
  releaseLock(lock);
  expect(isHeld(other)).toBe(true);
});

test('of many that try at once, one gets a stale lock', { timeout: 120_000 }, async () => {
  const folder = lockOf({ pid: await deadPid() });
  const marks = join(folder, 'marks');
  mkdirSync(marks);
  const script = `
    import { writeFileSync } from 'node:fs';
    import { acquireLock } from ${JSON.stringify(join(import.meta.dirname, '../../src/ledger/lock.ts'))};
    try {
      acquireLock(${JSON.stringify(folder)});
      writeFileSync(${JSON.stringify(marks)} + '/' + process.pid, '');
      setTimeout(() => {}, 60000);
    } catch (error) {
      if (error.code !== 'LEDGER_LOCKED') throw error;
      console.log('locked');
    }
    console.log('done');`;
  const children = Array.from({ length: 6 }, () =>
    spawn(process.execPath, ['--input-type=module-typescript', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] }),
  );
  const closed = children.map((child) => once(child, 'close'));
  await Promise.all(children.map((child) => once(child.stdout, 'data')));
  expect(readdirSync(marks)).toHaveLength(1);
  for (const child of children) child.kill('SIGKILL');
  await Promise.all(closed);
});
