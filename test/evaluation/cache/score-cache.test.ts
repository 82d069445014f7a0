import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openScoreCache } from '../../../src/evaluation/cache/score-cache.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'scores-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

const model = { digest: 'abc' };
const open = (): ReturnType<typeof openScoreCache<number[]>> => openScoreCache<number[]>(folder, model, 'echo');
const file = (): string => join(folder, readdirSync(folder)[0] ?? '');

describe('scores are made once', () => {
  test('and come back exactly, from the same and the next process', async () => {
    const values = [-0.1, -1e-17, -9999, -Math.PI];
    const cache = open();
    expect(await cache.once('a text\nof lines', async () => values)).toEqual(values);
    expect(await cache.once('a text\nof lines', async () => [0])).toEqual(values);
    cache.close();
    const next = open();
    expect([next.size, next.get('a text\nof lines'), next.get('another')]).toEqual([1, values, undefined]);
    next.close();
    expect(readFileSync(file(), 'utf8')).not.toContain('a text');
  });

  test('also for two who ask at the same time; a failure is not kept', async () => {
    const cache = open();
    let calls = 0;
    const score = async (): Promise<number[]> => {
      calls += 1;
      await new Promise(setImmediate);
      if (calls === 1) throw new Error('busy');
      return [calls];
    };
    const [first, second] = await Promise.allSettled([cache.once('x', score), cache.once('x', score)]);
    expect([first.status, second.status, calls]).toEqual(['rejected', 'rejected', 1]);
    expect(await Promise.all([cache.once('x', score), cache.once('x', score)])).toEqual([[2], [2]]);
    cache.close();
  });

  test('for each model and method apart', async () => {
    const others = [openScoreCache<number[]>(folder, { digest: 'abd' }, 'echo'), openScoreCache<number[]>(folder, model, 'tgi-prefill'), open()];
    for (const [i, cache] of others.entries()) expect(await cache.once('x', async () => [i])).toEqual([i]);
    for (const cache of others) cache.close();
    expect(readdirSync(folder)).toHaveLength(3);
  });
});

describe('a process that was killed', () => {
  test('leaves a torn line, which is ignored, and the next line is whole', async () => {
    const cache = open();
    for (const text of ['a', 'b', 'c']) await cache.once(text, async () => [text.length]);
    cache.close();
    const size = readFileSync(file()).length;
    for (const cut of [1, 2, 20, 60]) {
      truncateSync(file(), size - cut);
      const next = open();
      // Only the line end is missing in the first case.
      expect([cut, next.get('a'), next.get('b'), next.get('c')]).toEqual([cut, [1], [1], cut === 1 ? [1] : undefined]);
      await next.once('c', async () => [1]);
      next.close();
      const last = open();
      expect(last.get('c')).toEqual([1]);
      last.close();
      truncateSync(file(), 0);
      const fresh = open();
      for (const text of ['a', 'b', 'c']) await fresh.once(text, async () => [text.length]);
      fresh.close();
    }
  });

  test('or rubbish in the middle', async () => {
    const cache = open();
    await cache.once('a', async () => [1]);
    appendFileSync(file(), Buffer.from([0, 0, 0xff, 0x0a, 0x7b, 0x0a]));
    await cache.once('b', async () => [2]);
    expect([cache.get('a'), cache.get('b')]).toEqual([[1], [2]]);
    cache.close();
    const next = open();
    expect([next.size, next.get('a'), next.get('b')]).toEqual([2, [1], [2]]);
    next.close();
  });

  test('by SIGKILL keeps every score that it gave', () => {
    const program = `
      const { openScoreCache } = await import(${JSON.stringify(join(import.meta.dirname, '../../../src/evaluation/cache/score-cache.ts'))});
      const cache = openScoreCache(${JSON.stringify(folder)}, { digest: 'abc' }, 'echo');
      for (let i = 0; i < 50; i += 1) await cache.once('text ' + i, async () => [i]);
      process.kill(process.pid, 'SIGKILL');`;
    const { signal, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
    expect([signal, stderr]).toEqual(['SIGKILL', '']);
    const cache = open();
    expect([cache.size, cache.get('text 49')]).toEqual([50, [49]]);
    cache.close();
  });
});
