import { describe, expect, test } from 'vitest';
import { alignItems } from '../../../src/evaluation/comparison/align-items.ts';
import type { PairedItem } from '../../../src/evaluation/comparison/align-items.ts';
import { judgeBenchmark } from '../../../src/evaluation/comparison/benchmark-gate.ts';
import { judgeLoyalty } from '../../../src/evaluation/comparison/loyalty-gate.ts';
import { comparePaired, itemsToDecide } from '../../../src/evaluation/comparison/paired-comparison.ts';

/** `n` items, of which the base alone passed the first `lost` and the candidate alone the next `won`; both passed the rest. */
function pairs(n: number, lost: number, won = 0): PairedItem[] {
  return Array.from({ length: n }, (_unused, i) => {
    const id = String(i).padStart(4, '0');
    return { id, cluster: id, base: i >= lost && i < lost + won ? 0 : 1, candidate: i < lost ? 0 : 1 };
  });
}

describe('aligning two runs', () => {
  test('pairs by id and names what is missing', () => {
    const run = (...ids: string[]): { id: string; score: number }[] => ids.map((id) => ({ id, score: 1 }));
    expect(alignItems(run('b', 'a'), run('c', 'b'))).toEqual({
      items: [{ id: 'b', cluster: 'b', base: 1, candidate: 1 }],
      missingInBase: ['c'],
      missingInCandidate: ['a'],
    });
    expect(() => alignItems(run('a', 'a'), [])).toThrow(/base: two outcomes/u);
    expect(() => alignItems([], [{ id: 'x', score: Number.NaN }])).toThrow(/candidate: the score of x/u);
  });
});

describe('paired comparison', () => {
  test('binary items by Tango and McNemar', () => {
    const result = comparePaired(pairs(60, 9, 1), 1);
    expect(result).toMatchObject({ method: 'tango-mcnemar', discordant: { baseOnly: 9, candidateOnly: 1 }, items: 60 });
    expect(result.difference).toBeCloseTo(-8 / 60, 12);
    expect(result.worseP).toBeCloseTo(0.0107421875, 10);
    expect(result.lower < result.difference && result.difference < result.upper).toBe(true);
  });

  test('grades and repeats by bootstrap and sign flips', () => {
    const graded = pairs(40, 0).map((item, i) => ({ ...item, candidate: 0.9 - (i % 5) / 50 }));
    expect(comparePaired(graded, 1)).toMatchObject({ method: 'bootstrap-sign-flip', discordant: null });
    expect(comparePaired(graded, 1).worseP).toBeLessThan(0.001);
    const repeated = pairs(40, 8).map((item, i) => ({ ...item, cluster: String(Math.floor(i / 8)) }));
    // One item failed eight times is one item: nothing follows from it.
    expect(comparePaired(repeated, 1)).toMatchObject({ method: 'bootstrap-sign-flip', worseP: 0.5 });
  });

  test('equal runs differ by nothing', () => {
    const same = comparePaired(pairs(420, 0), 1);
    expect(same).toMatchObject({ difference: 0, worseP: 1 });
    expect(same.lower).toBeGreaterThan(-0.01);
    expect(() => comparePaired([], 1)).toThrow(RangeError);
  });

  test('fewer items are needed the farther the difference lies from the margin', () => {
    const close = itemsToDecide(comparePaired(pairs(100, 4, 2), 1), 0.03);
    const far = itemsToDecide(comparePaired(pairs(100, 20, 2), 1), 0.03);
    expect(close).toBeGreaterThan(far ?? Infinity);
    expect(itemsToDecide(comparePaired(pairs(100, 3), 1), 0.03)).toBeNull();
  });
});

describe('the loyalty gate', () => {
  const dimension = (name: string, paired: PairedItem[], more: object = {}): Parameters<typeof judgeLoyalty>[0][number] => ({
    dimension: name,
    items: paired.length,
    passed: paired.filter(({ candidate }) => candidate === 1).length,
    paired,
    criticalFailures: [],
    ...more,
  });

  test('a version that behaves as before passes', () => {
    const verdict = judgeLoyalty(
      ['L1', 'L2', 'L3'].map((name) => dimension(name, pairs(60, 1, 1))),
      1,
    );
    expect(verdict.verdict).toBe('PASS');
    expect(verdict.pooled).toMatchObject({ verdict: 'PASS', margin: 0.05 });
  });

  test('a version that lost one dimension fails by it', () => {
    const { verdict, parts } = judgeLoyalty([dimension('L1', pairs(60, 0)), dimension('L2', pairs(60, 30))], 1);
    expect(verdict).toBe('FAIL');
    expect(parts.map((part) => part.verdict)).toEqual(['PASS', 'FAIL']);
  });

  test('too few items decide nothing, and say how many would', () => {
    const { verdict, parts } = judgeLoyalty([dimension('L1', pairs(15, 1))], 1);
    expect(verdict).toBe('INCONCLUSIVE');
    expect(parts[0]?.itemsToDecide).toBeGreaterThan(15);
  });

  test('a critical failure fails whatever the rest', () => {
    const { parts } = judgeLoyalty([dimension('L2', pairs(60, 0), { criticalFailures: ['secret-7'] })], 1);
    expect(parts[0]).toMatchObject({ verdict: 'FAIL' });
    expect(parts[0]?.reasons[0]).toContain('secret-7');
  });

  test('without a baseline the minimum decides, and without either nothing', () => {
    const alone = { dimension: 'L1', items: 60, passed: 58, criticalFailures: [] };
    const word = (minimum?: number): string => judgeLoyalty([minimum === undefined ? alone : { ...alone, minimum }], 1).verdict;
    expect([word(0.8), word(0.95), word(0.999), word()]).toEqual(['PASS', 'INCONCLUSIVE', 'FAIL', 'INCONCLUSIVE']);
  });

  test('a model that is not able is not called disloyal', () => {
    const { verdict, parts } = judgeLoyalty([{ dimension: 'L1', items: 0, passed: 0, criticalFailures: [], minimum: 0.9 }], 1);
    expect(verdict).toBe('INCONCLUSIVE');
    expect(parts[0]?.reasons[0]).toMatch(/^not able/u);
  });

  test('refuses more passed than items and no dimensions', () => {
    expect(() => judgeLoyalty([], 1)).toThrow(RangeError);
    expect(() => judgeLoyalty([{ dimension: 'L1', items: 1, passed: 2, criticalFailures: [] }], 1)).toThrow(/L1: passed/u);
  });
});

describe('the benchmark gate', () => {
  test('the same results pass', () => {
    expect(
      judgeBenchmark(
        [
          { task: 'a', items: pairs(200, 0) },
          { task: 'b', items: pairs(250, 0) },
        ],
        1,
      ).verdict,
    ).toBe('PASS');
  });

  test('one task that breaks fails the gate even when the whole hardly moves', () => {
    const { verdict, pooled, parts } = judgeBenchmark(
      [
        { task: 'a', items: pairs(2000, 0) },
        { task: 'b', items: pairs(40, 12) },
      ],
      1,
    );
    expect(pooled.verdict).toBe('PASS');
    expect(parts[1]?.verdict).toBe('FAIL');
    expect(verdict).toBe('FAIL');
  });

  test('a task does not fail alone by a drop that chance explains', () => {
    const { parts } = judgeBenchmark(
      [
        { task: 'a', items: pairs(400, 0) },
        { task: 'b', items: pairs(20, 3) },
      ],
      1,
    );
    expect(parts[1]?.verdict).toBe('INCONCLUSIVE');
  });

  test('a drop over the margin on all items fails', () => {
    const { verdict, pooled } = judgeBenchmark([{ task: 'a', items: pairs(450, 30) }], 1);
    expect(verdict).toBe('FAIL');
    expect(pooled.comparison?.upper).toBeLessThan(0);
  });

  test('in between it is open', () => {
    const { verdict, pooled } = judgeBenchmark([{ task: 'a', items: pairs(450, 20, 12) }], 1);
    expect(verdict).toBe('INCONCLUSIVE');
    expect(pooled.itemsToDecide).toBeGreaterThan(450);
    expect(pooled.comparison?.detectableDrop).toBeGreaterThan(0.02);
  });

  test('the same items and seed give the same verdict', () => {
    const graded = [{ task: 'a', items: pairs(30, 0).map((item, i) => ({ ...item, candidate: (i % 3) / 2 })) }];
    expect(judgeBenchmark(graded, 5)).toEqual(judgeBenchmark(graded, 5));
    expect(() => judgeBenchmark([], 1)).toThrow(RangeError);
  });
});
