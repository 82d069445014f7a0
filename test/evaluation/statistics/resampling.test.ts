import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bootstrapInterval, bootstrapMean } from '../../../src/evaluation/statistics/bootstrap.ts';
import { benjaminiHochberg, fisherCombined, holmAdjusted } from '../../../src/evaluation/statistics/multiple-tests.ts';
import { median, quantile } from '../../../src/evaluation/statistics/quantile.ts';
import { robustZ } from '../../../src/evaluation/statistics/robust-z.ts';
import { seededGenerator } from '../../../src/evaluation/statistics/seeded-generator.ts';
import { signFlipTest } from '../../../src/evaluation/statistics/sign-flip.ts';
import { welchTest } from '../../../src/evaluation/statistics/welch-test.ts';

describe('the sign-flip test', () => {
  test('golden value over all signs', () => {
    expect(signFlipTest([0.4, -0.1, 0.3, 0.2, 0.5, -0.2, 0.1, 0.6], 1)).toEqual({ greater: 0.04296875, twoSided: 0.0859375, exact: true });
  });

  test('agrees with the definition by counting', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 1, maxLength: 9 }), (differences) => {
        const sum = differences.reduce((total, difference) => total + difference, 0);
        let hits = 0;
        for (let signs = 0; signs < 2 ** differences.length; signs += 1) {
          if (differences.reduce((total, difference, i) => total + ((signs >> i) & 1 ? difference : -difference), 0) >= sum) hits += 1;
        }
        expect(signFlipTest(differences, 1).greater).toBeCloseTo(hits / 2 ** differences.length, 12);
      }),
    );
  });

  test('samples the signs of more than twenty differences, near the exact answer', () => {
    const differences = Array.from({ length: 21 }, (_unused, i) => (i % 3 === 0 ? -1 : 1));
    const sampled = signFlipTest(differences, 5);
    expect(sampled.exact).toBe(false);
    // 14 of 21 heads or more: .0946.
    expect(sampled.greater).toBeCloseTo(0.0946, 2);
    expect(signFlipTest(differences, 5)).toEqual(sampled);
  });

  test('zeros alone give 1; bad input is refused', () => {
    expect(signFlipTest([0, 0, 0], 1)).toEqual({ greater: 1, twoSided: 1, exact: true });
    expect(() => signFlipTest([], 1)).toThrow(/differences/u);
    expect(() => signFlipTest([1, Number.NaN], 1)).toThrow(/differences\[1\]/u);
  });
});

describe('several tests at once', () => {
  test('adjusted values keep the order, are never smaller, and Holm is never below Benjamini-Hochberg', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 30 }), (p) => {
        const [holm, bh] = [holmAdjusted(p), benjaminiHochberg(p)];
        p.forEach((value, i) => {
          expect((bh[i] ?? 0) >= value - 1e-15 && (holm[i] ?? 0) >= (bh[i] ?? 0) - 1e-12 && (holm[i] ?? 0) <= 1).toBe(true);
        });
      }),
    );
  });

  test('unsorted input comes back in its own order', () => {
    expect(holmAdjusted([0.04, 0.01, 0.03])).toEqual([0.06, 0.03, 0.06]);
    expect(benjaminiHochberg([])).toEqual([]);
  });

  test("Fisher's combination", () => {
    expect(fisherCombined([0.01, 0.2, 0.3])).toBeCloseTo(0.021561751324834632, 12);
    expect(fisherCombined([0.37])).toBeCloseTo(0.37, 12);
    expect(fisherCombined([0, 0.5])).toBe(0);
    expect(() => fisherCombined([])).toThrow(RangeError);
    expect(() => holmAdjusted([1.2])).toThrow(/pValues\[0\]/u);
  });
});

describe('the bootstrap', () => {
  const values = Array.from({ length: 60 }, (_unused, i) => Math.sin(i));

  test('repeats itself for one seed', () => {
    expect(bootstrapMean(values, { seed: 1, resamples: 500 })).toEqual(bootstrapMean(values, { seed: 1, resamples: 500 }));
    expect(bootstrapMean(values, { seed: 1, resamples: 500 })).not.toEqual(bootstrapMean(values, { seed: 2, resamples: 500 }));
  });

  test('is about as wide as the normal interval of a mean', () => {
    const random = seededGenerator(9, 'values');
    const uniform = Array.from({ length: 400 }, () => random.uniform());
    const { lower = 0, upper = 0 } = bootstrapMean(uniform, { seed: 3, resamples: 4000 }) ?? {};
    expect(upper - lower).toBeCloseTo((2 * 1.96) / Math.sqrt(12 * 400), 2);
  });

  test('repeats of one item do not narrow it', () => {
    const repeated = values.flatMap((value) => [value, value, value, value]);
    const clusters = repeated.map((_value, i) => String(Math.floor(i / 4)));
    const plain = bootstrapMean(values, { seed: 1, resamples: 2000 });
    const clustered = bootstrapMean(repeated, { seed: 1, resamples: 2000 }, clusters);
    expect(clustered?.lower).toBeCloseTo(plain?.lower ?? 0, 12);
    expect(clustered?.upper).toBeCloseTo(plain?.upper ?? 0, 12);
  });

  test('says nothing about one unit, or when the statistic is never a number', () => {
    expect(bootstrapMean([1], { seed: 1 })).toBeNull();
    expect(bootstrapMean([1, 2], { seed: 1 }, ['a', 'a'])).toBeNull();
    expect(bootstrapInterval([3], () => Number.NaN, { seed: 1, resamples: 10 })).toBeNull();
    expect(() => bootstrapMean([], { seed: 1 })).toThrow(RangeError);
    expect(() => bootstrapMean([1, 2], { seed: 1 }, ['a'])).toThrow(RangeError);
  });
});

describe('quantiles and robust scores', () => {
  test('linear quantiles', () => {
    expect([0, 0.25, 0.5, 1].map((share) => quantile([4, 1, 3, 2], share))).toEqual([1, 1.75, 2.5, 4]);
    expect(median([7])).toBe(7);
    expect(() => quantile([], 0.5)).toThrow(RangeError);
  });

  test('robust z', () => {
    expect(robustZ(10, [1, 2, 3, 4, 5])).toBeCloseTo(7 / 1.4826022, 6);
    // More than half of the history is equal: the mean deviation stands in.
    expect(robustZ(3, [1, 1, 1, 1, 2])).toBeCloseTo(2 / (1.2533141373155 * 0.2), 9);
    expect(robustZ(3, [1, 1, 1])).toBeNull();
    expect(() => robustZ(Number.NaN, [1, 2])).toThrow(RangeError);
  });

  test("Welch's test", () => {
    // scipy.stats.ttest_ind([5,6,7,9], [1,2,3], equal_var=False, alternative='greater')
    const result = welchTest([5, 6, 7, 9], [1, 2, 3]);
    expect(result?.t).toBeCloseTo(4.608176875690327, 10);
    expect(result?.degreesOfFreedom).toBeCloseTo(4.849596022374146, 10);
    expect(result?.p).toBeCloseTo(0.0031264320985258, 12);
    expect(welchTest([1, 1], [1, 1])).toBeNull();
    expect(() => welchTest([1], [1, 2])).toThrow(RangeError);
  });
});
