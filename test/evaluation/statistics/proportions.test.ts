import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mcnemarItems, mcnemarOneSided, mcnemarTwoSided, minimumDetectableDrop } from '../../../src/evaluation/statistics/mcnemar.ts';
import { tangoInterval, tangoStatistic } from '../../../src/evaluation/statistics/paired-proportions.ts';
import { clopperPearsonInterval, wilsonInterval, zeroFailureTrials } from '../../../src/evaluation/statistics/proportion-intervals.ts';

const share = fc.integer({ min: 1, max: 300 }).chain((trials) => fc.tuple(fc.integer({ min: 0, max: trials }), fc.constant(trials)));

describe('intervals of a proportion', () => {
  test('hold the observed share, inside [0, 1], and Clopper-Pearson is symmetric', () => {
    fc.assert(
      fc.property(share, ([k, n]) => {
        const [wilson, exact] = [wilsonInterval(k, n), clopperPearsonInterval(k, n)];
        const mirrored = clopperPearsonInterval(n - k, n);
        for (const { lower, upper } of [wilson, exact]) expect(lower >= 0 && lower <= k / n && k / n <= upper && upper <= 1).toBe(true);
        expect(exact.lower).toBeCloseTo(1 - mirrored.upper, 12);
      }),
    );
  });

  test('golden values', () => {
    expect(wilsonInterval(17, 20).lower).toBeCloseTo(0.639581, 6);
    expect(clopperPearsonInterval(0, 20).upper).toBeCloseTo(1 - 0.025 ** (1 / 20), 12);
    expect(clopperPearsonInterval(3, 100)).toEqual({ lower: expect.closeTo(0.00623, 6) as number, upper: expect.closeTo(0.085176, 6) as number });
  });

  test.each([
    [1, 0],
    [-1, 5],
    [6, 5],
    [1.5, 5],
    [Number.NaN, 5],
  ])('refuse %s of %s', (k, n) => {
    expect(() => wilsonInterval(k, n)).toThrow(RangeError);
    expect(() => clopperPearsonInterval(k, n)).toThrow(RangeError);
  });

  test('zero failures: the first n that excludes the rate', () => {
    expect([0.1, 0.05, 0.01, 0.5].map((rate) => zeroFailureTrials(rate))).toEqual([29, 59, 299, 5]);
    // (1 - 0.5)^2 is exactly 0.25: equal counts as excluded.
    expect(zeroFailureTrials(0.5, 0.25)).toBe(2);
    expect(() => zeroFailureTrials(0)).toThrow(RangeError);
  });
});

describe("McNemar's exact test", () => {
  test('golden values, and 1 where nothing differs', () => {
    expect(mcnemarTwoSided(20, 41)).toBeCloseTo(0.009853448195259268, 14);
    expect(mcnemarOneSided(3, 12)).toBeCloseTo(0.017578125, 14);
    expect(mcnemarTwoSided(0, 0)).toBe(1);
    expect(mcnemarOneSided(0, 0)).toBe(1);
  });

  test('the two-sided p does not care which of the two is better', () => {
    fc.assert(
      fc.property(fc.nat(60), fc.nat(60), (b, c) => {
        expect(mcnemarTwoSided(b, c)).toBe(mcnemarTwoSided(c, b));
      }),
    );
  });

  test('sample sizes of the reference, and the drop that inverts them', () => {
    expect(mcnemarItems(0.05, 0.1)).toBe(246);
    expect(mcnemarItems(0.02, 0.2)).toBe(3090);
    expect(minimumDetectableDrop(246, 0.1)).toBeCloseTo(0.05, 3);
    expect(minimumDetectableDrop(10, 0.1)).toBeNull();
    expect(minimumDetectableDrop(1000, 0)).toBeNull();
  });
});

describe("Tango's interval", () => {
  // Expected: the restricted likelihood maximized numerically (scipy), statistic solved for its zero.
  test.each([
    [12, 2, 50, 0.0611124, 0.3447087],
    [3, 7, 60, -0.1825362, 0.0421844],
    [1, 1, 20, -0.1986899, 0.1986899],
    [20, 15, 420, -0.0164496, 0.041116],
  ])('of %s and %s among %s', (candidateOnly, baseOnly, items, lower, upper) => {
    const interval = tangoInterval({ candidateOnly, baseOnly, items });
    expect(interval.lower).toBeCloseTo(lower, 6);
    expect(interval.upper).toBeCloseTo(upper, 6);
  });

  test('without discordant items: symmetric, z^2/(n + z^2) wide', () => {
    const { lower, upper } = tangoInterval({ candidateOnly: 0, baseOnly: 0, items: 100 });
    const z2 = 1.959963984540054 ** 2;
    expect(upper).toBeCloseTo(z2 / (100 + z2), 9);
    expect(lower).toBeCloseTo(-upper, 12);
  });

  test('when all items changed the interval touches the end', () => {
    expect(tangoInterval({ candidateOnly: 30, baseOnly: 0, items: 30 }).upper).toBeCloseTo(1, 9);
    expect(tangoInterval({ candidateOnly: 0, baseOnly: 30, items: 30 }).lower).toBeCloseTo(-1, 9);
  });

  test('holds the observed difference, and swapping the two mirrors it', () => {
    const counts = fc
      .integer({ min: 2, max: 400 })
      .chain((items) => fc.tuple(fc.nat(Math.floor(items / 2)), fc.nat(Math.floor(items / 2)), fc.constant(items)));
    fc.assert(
      fc.property(counts, ([b, c, items]) => {
        const one = tangoInterval({ candidateOnly: b, baseOnly: c, items });
        const other = tangoInterval({ candidateOnly: c, baseOnly: b, items });
        expect(one.lower - 1e-9 <= (b - c) / items && (b - c) / items <= one.upper + 1e-9).toBe(true);
        expect(one.lower).toBeCloseTo(-other.upper, 9);
      }),
    );
  });

  test('the statistic is 0 at the observed difference', () => {
    expect(tangoStatistic({ candidateOnly: 2, baseOnly: 7, items: 50 }, 0.1)).toBeCloseTo(0, 12);
  });

  test('refuses more discordant items than items', () => {
    expect(() => tangoInterval({ candidateOnly: 3, baseOnly: 3, items: 5 })).toThrow(RangeError);
    expect(() => tangoInterval({ candidateOnly: 0, baseOnly: 0, items: 0 })).toThrow(RangeError);
  });
});
