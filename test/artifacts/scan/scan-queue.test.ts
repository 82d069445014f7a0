import { expect, test } from 'vitest';
import { ScanQueue } from '../../../src/artifacts/scan/scan-queue.ts';

const sizes = (...all: readonly number[]): { readonly size: number }[] => all.map((size) => ({ size }));
const MIB = 1024 * 1024;

test('large files come first and alone, small ones together', () => {
  const queue = new ScanQueue(sizes(...Array<number>(100).fill(10), 5 * MIB, MIB), 1);
  expect(queue.take()).toEqual([{ size: 5 * MIB }]);
  expect(queue.take()).toEqual([{ size: MIB }]);
  expect(queue.take()).toHaveLength(32);
});

test('every file is taken once, whatever the sizes and threads', () => {
  for (const threads of [1, 2, 4]) {
    const jobs = sizes(...Array.from({ length: 500 }, (_, i) => (i * 7919) % 100_000));
    const queue = new ScanQueue(jobs, threads);
    const taken = [];
    for (let batch = queue.take(); batch.length > 0; batch = queue.take()) taken.push(...batch);
    expect(taken).toHaveLength(jobs.length);
    expect(new Set(taken)).toEqual(new Set(jobs));
  }
});

test('the last small files are shared between threads', () => {
  const queue = new ScanQueue(sizes(1, 2, 3, 4, 5), 2);
  expect(queue.take()).toHaveLength(2);
});

test('what broke its thread in company comes back one by one', () => {
  const queue = new ScanQueue(sizes(...Array<number>(9).fill(1)), 1);
  const batch = queue.take();
  expect(batch.length).toBeGreaterThan(1);
  queue.separate(batch);
  for (const _ of batch) expect(queue.take()).toHaveLength(1);
});
