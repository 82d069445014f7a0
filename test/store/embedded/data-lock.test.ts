import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sleep } from '../../../src/core/clock.ts';
import { withDataLock } from '../../../src/store/embedded/data-lock.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'elulmc-lock-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

test.each([
  ['another host', { host: 'elsewhere', boot: '', pid: 1, started: '' }],
  ['a live process', undefined],
])('the lock of %s is waited for, then named', async (_name, holder) => {
  const path = join(folder, 'held');
  if (holder !== undefined) {
    writeFileSync(path, JSON.stringify(holder));
    await expect(withDataLock(path, 100, () => Promise.resolve(1))).rejects.toMatchObject({
      code: 'START_FAILED',
      message: expect.stringContaining('elsewhere') as string,
    });
    rmSync(path);
    return;
  }
  await withDataLock(path, 100, async () => {
    await expect(withDataLock(path, 100, () => Promise.resolve(1))).rejects.toMatchObject({ message: expect.stringContaining(String(process.pid)) as string });
  });
});

test.each([
  ['garbage', 'not json'],
  ['nothing', ''],
  ['a dead process', JSON.stringify({ host: hostname(), boot: '', pid: 2_000_000_000, started: '' })],
  ['an earlier process under this id', JSON.stringify({ host: hostname(), boot: '', pid: process.pid, started: 'before' })],
])('a lock with %s is taken over by one of many, and leaves nothing', async (_name, content) => {
  const path = join(folder, 'stale');
  writeFileSync(path, content);
  let inside = 0;
  const order: number[] = [];
  await Promise.all(
    Array.from({ length: 8 }, (_, i) =>
      withDataLock(path, 10_000, async () => {
        expect(++inside).toBe(1);
        await sleep(2);
        inside--;
        order.push(i);
      }),
    ),
  );
  expect(order).toHaveLength(8);
  expect(readdirSync(folder)).toEqual([]);
});

test('work that fails gives the lock back', async () => {
  const path = join(folder, 'failing');
  await expect(withDataLock(path, 100, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(existsSync(path)).toBe(false);
});
