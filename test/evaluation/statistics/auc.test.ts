import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { aucPermutationTest } from '../../../src/evaluation/statistics/auc-permutation.ts';
import { aucSampleSize, detectableAuc, hanleyMcNeil } from '../../../src/evaluation/statistics/auc-power.ts';
import { areaUnderCurve, aucInterval, deLong, mannWhitney, truePositiveRate } from '../../../src/evaluation/statistics/auc.ts';

const scores = fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 2, maxLength: 40 });

/** DeLong as it is defined, pair by pair. */
function slowDeLong(positives: readonly number[], negatives: readonly number[]): { auc: number; standardError: number } {
  const win = (x: number, y: number): number => (x > y ? 1 : x === y ? 0.5 : 0);
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = (values: readonly number[]): number => values.reduce((sum, value) => sum + (value - mean(values)) ** 2, 0) / (values.length - 1);
  const v10 = positives.map((x) => mean(negatives.map((y) => win(x, y))));
  const v01 = negatives.map((y) => mean(positives.map((x) => win(x, y))));
  return { auc: mean(v10), standardError: Math.sqrt(variance(v10) / positives.length + variance(v01) / negatives.length) };
}

describe('AUC', () => {
  test('the rank form of DeLong agrees with the definition, ties included', () => {
    fc.assert(
      fc.property(scores, scores, (positives, negatives) => {
        const slow = slowDeLong(positives, negatives);
        const fast = deLong(positives, negatives);
        expect(fast.auc).toBeCloseTo(slow.auc, 10);
        expect(fast.standardError).toBeCloseTo(slow.standardError, 10);
        expect(areaUnderCurve(positives, negatives)).toBeCloseTo(slow.auc, 10);
      }),
    );
  });

  test('turning the scores around turns the AUC around', () => {
    fc.assert(
      fc.property(scores, scores, (positives, negatives) => {
        expect(areaUnderCurve(positives, negatives)).toBeCloseTo(1 - areaUnderCurve(negatives, positives), 10);
      }),
    );
  });

  test('equal scores give one half, without spread', () => {
    expect(deLong([1, 1], [1, 1, 1])).toEqual({ auc: 0.5, standardError: 0 });
    expect(mannWhitney([1, 1], [1, 1])).toEqual({ greater: 0.5, twoSided: 1 });
  });

  test('one score of a class has no standard error, and then any AUC is possible', () => {
    expect(deLong([1], [0, 2]).standardError).toBeNull();
    expect(aucInterval(deLong([1], [0, 2]))).toEqual({ lower: 0, upper: 1 });
  });

  test('minus zero is zero', () => {
    expect(areaUnderCurve([-0], [0])).toBe(0.5);
  });

  test.each([
    [[], [1]],
    [[1], []],
    [[Number.NaN], [1]],
    [[1], [Infinity]],
  ])('refuses %j against %j', (positives, negatives) => {
    expect(() => areaUnderCurve(positives, negatives)).toThrow(RangeError);
    expect(() => deLong(positives, negatives)).toThrow(RangeError);
  });

  test('Mann-Whitney with ties and continuity correction', () => {
    // scipy.stats.mannwhitneyu(method='asymptotic')
    expect(mannWhitney([1, 2, 2, 3, 5], [1, 1, 2, 3]).twoSided).toBeCloseTo(0.4448330086365213, 10);
    expect(mannWhitney([4, 5, 6, 7], [1, 2, 3]).greater).toBeCloseTo(0.02591496360895484, 10);
  });

  test('true positives lie strictly above the cut', () => {
    const negatives = Array.from({ length: 200 }, (_unused, i) => i);
    // One per cent of 200: element 2 from above, 197.
    expect(truePositiveRate([197, 198, 5], negatives, 0.01)).toEqual({ hits: 1, rate: 1 / 3 });
    expect(truePositiveRate([5], negatives, 1)).toEqual({ hits: 1, rate: 1 });
    expect(truePositiveRate([3, 3], [3, 3], 0.5)).toEqual({ hits: 0, rate: 0 });
  });
});

describe('the permutation test of an AUC', () => {
  const labelled = (positives: readonly number[], negatives: readonly number[], group?: string): { score: number; positive: boolean; group?: string }[] =>
    [positives, negatives].flatMap((values, i) => values.map((score) => ({ score, positive: i === 0, ...(group === undefined ? {} : { group }) })));

  test('perfect separation of 4 and 4 has the chance of one in 70', () => {
    const p = aucPermutationTest(labelled([5, 6, 7, 8], [1, 2, 3, 4]), 1, 20_000);
    expect(p).toBeCloseTo(1 / 70, 2);
  });

  test('equal scores give 1, the reverse of separation too', () => {
    expect(aucPermutationTest(labelled([1, 1], [1, 1]), 1, 100)).toBe(1);
    expect(aucPermutationTest(labelled([1, 2], [3, 4]), 1, 100)).toBe(1);
  });

  test('what only tells groups apart shows nothing within them', () => {
    const mixed = [...labelled([10, 11, 12, 10], [11], 'long'), ...labelled([1], [2, 1, 0, 2], 'short')];
    expect(
      aucPermutationTest(
        mixed.map(({ score, positive }) => ({ score, positive })),
        1,
      ),
    ).toBeLessThan(0.2);
    expect(aucPermutationTest(mixed, 1)).toBeGreaterThan(0.4);
  });

  test('the same seed gives the same p', () => {
    const set = labelled([3, 1, 4, 1, 5], [2, 7, 1, 8]);
    expect(aucPermutationTest(set, 6, 500)).toBe(aucPermutationTest(set, 6, 500));
  });

  test('refuses one class only and scores that are not numbers', () => {
    expect(() => aucPermutationTest(labelled([1], []), 1)).toThrow(/both classes/u);
    expect(() => aucPermutationTest(labelled([Number.NaN], [1]), 1)).toThrow(RangeError);
  });
});

describe('power of an AUC', () => {
  test('table of the reference', () => {
    expect([0.52, 0.55, 0.6, 0.65, 0.7, 0.8, 0.9].map((auc) => aucSampleSize(auc))).toEqual([2576, 412, 102, 45, 25, 11, 10]);
    expect(hanleyMcNeil(0.72, 120, 150)).toBeCloseTo(0.0316436, 7);
  });

  test('the detectable AUC inverts it, and falls with the size', () => {
    expect(detectableAuc(102)).toBeCloseTo(0.6, 2);
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 5000 }), (n) => {
        expect(detectableAuc(n + 1)).toBeLessThanOrEqual(detectableAuc(n) + 1e-12);
      }),
    );
    expect(detectableAuc(1)).toBeLessThanOrEqual(1);
  });
});
