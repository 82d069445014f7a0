import { spawn } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { runToEnd, startChild, stopTree } from '../../bench/gateway/child.ts';
import { cpuUsOfStat, isRunning, numberOf, treeOf, useOf } from '../../bench/gateway/process-tree.ts';

const onLinux = process.platform === 'linux';

describe('/proc', () => {
  const stat = '4711 (a) b (c)) S 1 4711 4711 0 -1 4194560 100 0 0 0 250 50 7 7 20 0 11 0 12345 1 2';

  test('a stat line whose command holds brackets and spaces', () => {
    expect(cpuUsOfStat(stat)).toBe(3_000_000);
  });

  test.each(['', 'garbage', '1 (x) S 1'])('%j is not a stat line', (text) => {
    expect(() => cpuUsOfStat(text)).toThrow('not a line');
  });

  test('numbers by name', () => {
    expect(numberOf('Pss', 'Rss:   20 kB\nPss:    12345 kB\nPss_Dirty:  5 kB\n')).toBe(12_345);
    expect(numberOf('syscr', 'rchar: 5\nsyscr: 77\n')).toBe(77);
    expect(numberOf('syscr', '')).toBe(0);
  });

  test.runIf(onLinux)('a process that has gone uses nothing', async () => {
    const child = startChild(process.execPath, ['-e', '']);
    await child.ended;
    expect(isRunning(child.pid)).toBe(false);
    expect(useOf(treeOf([child.pid]))).toEqual({ cpuUs: 0, readCalls: 0 });
  });

  test.runIf(onLinux)('this process has used CPU time', () => {
    expect(useOf([process.pid]).cpuUs).toBeGreaterThan(0);
  });
});

describe('child processes', () => {
  test('a program that is not there is an error', async () => {
    await expect(runToEnd('elulmc-no-such-program', [], 5000)).rejects.toThrow();
  });

  test('a program that fails is an error that shows what it said', async () => {
    await expect(runToEnd(process.execPath, ['-e', 'console.error("because"); process.exit(3)'], 30_000)).rejects.toThrow(/ended with 3: because/);
  });

  test('the caller is asked for no database and no home', async () => {
    const names = await runToEnd(process.execPath, ['-p', 'Object.keys(process.env).join()'], 30_000);
    expect(names).not.toMatch(/DATABASE_URL|ELULMC_/);
  });

  test.runIf(onLinux)('a tree that ignores the signal is stopped as a whole, others are left alone', async () => {
    const stranger = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    const inner = `process.on('SIGTERM', () => {}); console.log('up'); setInterval(() => {}, 1000)`;
    const outer = `require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(inner)}], { stdio: 'inherit' }); process.on('SIGTERM', () => {})`;
    const child = startChild(process.execPath, ['-e', outer]);
    try {
      await expect.poll(child.said, { timeout: 30_000 }).toContain('up');
      const tree = treeOf([child.pid]);
      expect(tree).toHaveLength(2);
      await stopTree(child, 'SIGTERM', 100);
      await expect.poll(() => tree.filter(isRunning)).toEqual([]);
      expect(isRunning(stranger.pid ?? -1)).toBe(true);
    } finally {
      stranger.kill('SIGKILL');
    }
  });
});
