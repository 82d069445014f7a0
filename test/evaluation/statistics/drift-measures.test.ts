import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { binnedDrift, categoryDrift } from '../../../src/evaluation/statistics/binned-drift.ts';
import { chiSquareHomogeneity } from '../../../src/evaluation/statistics/chi-square.ts';
import { kolmogorovUpperTail } from '../../../src/evaluation/statistics/kolmogorov-distribution.ts';
import { kolmogorovSmirnov, wassersteinDistance } from '../../../src/evaluation/statistics/kolmogorov-smirnov.ts';
import { kernelWidths, unbiasedMmd } from '../../../src/evaluation/statistics/maximum-mean-discrepancy.ts';
import { ngramContainment } from '../../../src/evaluation/statistics/ngram-containment.ts';
import { poissonCusum } from '../../../src/evaluation/statistics/poisson-cusum.ts';
import { shapiroWilk } from '../../../src/evaluation/statistics/shapiro-wilk.ts';

const sample = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 60 });

describe('binned drift', () => {
  test('is nothing between a sample and itself, and finite and not negative otherwise', () => {
    fc.assert(
      fc.property(sample, sample, (a, b) => {
        const { populationStability, jensenShannonBits, hellinger } = binnedDrift(a, b);
        expect(populationStability).toBeGreaterThanOrEqual(0);
        expect(Number.isFinite(populationStability)).toBe(true);
        expect(jensenShannonBits >= 0 && jensenShannonBits <= 1 && hellinger >= 0 && hellinger <= 1).toBe(true);
        expect(binnedDrift(a, a).populationStability).toBe(0);
      }),
    );
  });

  test('a constant reference puts everything below it apart from the rest', () => {
    expect(binnedDrift([1, 1, 1], [1, 2, 1]).populationStability).toBe(0);
    expect(binnedDrift([1, 1, 1], [0, 0, 0]).populationStability).toBeGreaterThan(5);
  });

  test('categories', () => {
    expect(categoryDrift([10, 20], [1, 2]).populationStability).toBeCloseTo(0, 12);
    expect(categoryDrift([10, 0], [0, 10]).jensenShannonBits).toBeGreaterThan(0.99);
    expect(() => categoryDrift([1, 2], [1, 2, 3])).toThrow(RangeError);
    expect(() => categoryDrift([0, 0], [1, 2])).toThrow(RangeError);
  });

  test.each([
    [[], [1]],
    [[1], []],
    [[Number.NaN], [1]],
  ])('refuses %j against %j', (a, b) => {
    expect(() => binnedDrift(a, b)).toThrow(RangeError);
    expect(() => kolmogorovSmirnov(a, b)).toThrow(RangeError);
    expect(() => wassersteinDistance(a, b)).toThrow(RangeError);
  });
});

describe('Kolmogorov-Smirnov and Wasserstein', () => {
  // scipy.stats.kstwo.sf
  test.each([
    [140, 0.1267731382092775, 0.02022713402830573],
    [20000, 0.010606601717798212, 0.022060058735014793],
    [1, 0.7, 0.6],
  ])('upper tail for n = %s, d = %s', (n, d, expected) => {
    expect(kolmogorovUpperTail(n, d)).toBeCloseTo(expected, 10);
  });

  test('the tail falls with d, across the three ways of computing it', () => {
    for (const n of [1, 2, 9, 140, 141, 1000]) {
      const tails = Array.from({ length: 200 }, (_unused, i) => kolmogorovUpperTail(n, (i + 1) / 200));
      tails.forEach((p, i) => {
        expect(p >= 0 && p <= 1).toBe(true);
        if (i > 0) expect(p).toBeLessThanOrEqual((tails[i - 1] ?? 1) + 1e-5);
      });
    }
  });

  test('samples without overlap differ by 1, equal ones by 0', () => {
    expect(kolmogorovSmirnov([1, 2], [3, 4])).toMatchObject({ statistic: 1, p: 0 });
    expect(kolmogorovSmirnov([1, 2, 2], [1, 2, 2])).toEqual({ statistic: 0, p: 1 });
  });

  test('a shift moves the distance by as much', () => {
    fc.assert(
      fc.property(sample, fc.integer({ min: -1000, max: 1000 }), (values, shift) => {
        expect(
          Math.abs(
            wassersteinDistance(
              values,
              values.map((value) => value + shift),
            ) - Math.abs(shift),
          ),
        ).toBeLessThan(1e-6);
      }),
    );
  });
});

describe('chi-square', () => {
  test('golden value; categories empty in both do not count', () => {
    const p = 0.0021161769501615397;
    expect(chiSquareHomogeneity([120, 80, 40, 10], [90, 85, 60, 25]).p).toBeCloseTo(p, 12);
    expect(chiSquareHomogeneity([120, 80, 0, 40, 10], [90, 85, 0, 60, 25]).p).toBeCloseTo(p, 12);
  });

  test.each([
    [[1], [1]],
    [
      [0, 0],
      [1, 2],
    ],
    [
      [-1, 2],
      [1, 2],
    ],
    [
      [1, 2],
      [1, 2, 3],
    ],
  ])('refuses %j against %j', (a, b) => {
    expect(() => chiSquareHomogeneity(a, b)).toThrow(RangeError);
  });
});

describe('Shapiro-Wilk', () => {
  test('scipy.stats.shapiro of small samples', () => {
    const five = shapiroWilk([1.2, 3.4, 2.2, 8.9, 2.5]);
    expect(five?.w).toBeCloseTo(0.7891471634, 7);
    expect(shapiroWilk([148, 154, 158, 160, 161, 162, 166, 170, 182, 195, 236])).toEqual({
      w: expect.closeTo(0.7888146949, 7) as number,
      p: expect.closeTo(0.0067038141, 7) as number,
    });
  });

  test('three values in a line fit perfectly', () => {
    expect(shapiroWilk([1, 2, 3])?.w).toBeCloseTo(1, 12);
  });

  test('says nothing about constants, refuses too few', () => {
    expect(shapiroWilk([2, 2, 2])).toBeNull();
    expect(() => shapiroWilk([1, 2])).toThrow(RangeError);
    expect(() => shapiroWilk([1, 2, Number.NaN])).toThrow(RangeError);
  });
});

describe('Poisson CUSUM', () => {
  test('rises with a burst and names the first count past the limit', () => {
    const { path, alarmAt } = poissonCusum([0, 0, 1, 0, 0, 3, 4, 5, 2, 0, 0], 1, 3, 1e-3);
    expect(path[5]).toBeCloseTo(1.295837, 6);
    expect(alarmAt).toBe(7);
    expect(poissonCusum([], 1, 3)).toEqual({ path: [], alarmAt: null });
  });

  test('takes a rate for every count, and needs one', () => {
    expect(poissonCusum([9, 9], [9, 9], 3).alarmAt).toBeNull();
    expect(() => poissonCusum([1, 2], [1], 3)).toThrow(/rates\[1\]/u);
    expect(() => poissonCusum([1], 0, 3)).toThrow(RangeError);
  });
});

describe('maximum mean discrepancy', () => {
  test('is symmetric, and large for sets far apart', () => {
    const a = [
      [0, 0],
      [0, 1],
      [1, 0],
    ];
    const b = [
      [9, 9],
      [9, 8],
      [8, 9],
    ];
    const widths = kernelWidths([...a, ...b]) ?? [];
    expect(unbiasedMmd(a, b, widths)).toBeCloseTo(unbiasedMmd(b, a, widths), 12);
    expect(unbiasedMmd(a, b, widths)).toBeGreaterThan(0.3);
    // A set against itself: the unbiased estimate lies below 0.
    expect(unbiasedMmd(a, a, widths)).toBeLessThanOrEqual(0);
  });

  test('equal vectors have no width; bad ones are refused', () => {
    expect(
      kernelWidths([
        [1, 2],
        [1, 2],
      ]),
    ).toBeNull();
    expect(() => kernelWidths([[1, 2]])).toThrow(RangeError);
    expect(() =>
      unbiasedMmd(
        [[1], [2]],
        [
          [1, 2],
          [3, 4],
        ],
        [1],
      ),
    ).toThrow(/dimensions/u);
    expect(() => unbiasedMmd([[1], [2]], [[1], [Number.NaN]], [1])).toThrow(RangeError);
  });
});

describe('n-gram containment', () => {
  test('ignores case and counts distinct runs', () => {
    expect(ngramContainment('abcdef', 'xxABCDEFxx')).toBe(1);
    expect(ngramContainment('abcdefgh', 'abcd efgh')).toBeCloseTo(2 / 5, 12);
  });

  test('short and empty targets', () => {
    expect(ngramContainment('ab', 'xxABxx')).toBe(1);
    expect(ngramContainment('ab', 'ba')).toBe(0);
    expect(ngramContainment('', 'anything')).toBe(0);
    expect(ngramContainment('\u{1f600}\u{1f601}\u{1f602}\u{1f603}', 'a\u{1f600}\u{1f601}\u{1f602}\u{1f603}')).toBe(1);
  });
});
