import { describe, expect, test } from 'vitest';
import { exposure, exposureAlarm, skewNormalExposure } from '../../../src/evaluation/statistics/exposure.ts';
import { normalQuantile } from '../../../src/evaluation/statistics/normal.ts';
import { minimize } from '../../../src/evaluation/statistics/simplex-search.ts';
import { fitSkewNormal, logSkewNormalCdf } from '../../../src/evaluation/statistics/skew-normal.ts';

/** Quantiles of the standard normal: a sample without chance. */
const decoys = Array.from({ length: 999 }, (_unused, i) => normalQuantile((i + 0.5) / 999));

describe('exposure', () => {
  test('a secret above all decoys has rank 1 and the most bits that ranks can give', () => {
    expect(exposure(9, decoys)).toMatchObject({ decoys: 999, rank: 1, p: 0.001, rankBits: Math.log2(1000) });
    expect(exposure(9, decoys).gaussianBits).toBeGreaterThan(50);
  });

  test('a secret in the middle has one bit', () => {
    const { rankBits, gaussianBits } = exposure(0, decoys);
    expect(rankBits).toBeCloseTo(1, 2);
    expect(gaussianBits).toBeCloseTo(1, 6);
  });

  test('a tie counts against the secret', () => {
    expect(exposure(1, [1, 1, 0])).toMatchObject({ rank: 3, p: 0.75 });
  });

  test('decoys that do not differ have no z', () => {
    expect(exposure(1, [0, 0])).toMatchObject({ z: null, gaussianBits: null });
  });

  test('refuses too few decoys and scores that are no numbers', () => {
    expect(() => exposure(1, [0])).toThrow(/decoys/u);
    expect(() => exposure(Number.NaN, [0, 1])).toThrow(/secret/u);
    expect(() => exposure(1, [0, -Infinity])).toThrow(/decoys\[1\]/u);
  });

  test('alarm of 25 canaries at one per cent', () => {
    expect(exposureAlarm(25)).toBeCloseTo(11.29, 2);
  });
});

describe('the skew-normal distribution', () => {
  // log of scipy.stats.skewnorm.cdf
  test.each([
    [-3.2, 0.78, -12.150026705200517],
    [0, 1, -1.3862943611198906],
    [0.6, 3, -0.7887378517493548],
    [-8, -1, -34.320289979354605],
    [0.5, 0, -0.36894641528865635],
  ])('cdf at %s with shape %s', (x, shape, expected) => {
    expect(logSkewNormalCdf(x, { shape, location: 0, scale: 1 })).toBeCloseTo(expected, 11);
  });

  test('fits a normal sample as one: exposure as without skewness', () => {
    expect(skewNormalExposure(4, decoys)).toBeCloseTo(exposure(4, decoys).gaussianBits ?? 0, 0);
  });

  test('mirrored values have the mirrored shape', () => {
    const values = decoys.map((value) => Math.exp(value / 3));
    const [right, left] = [fitSkewNormal(values), fitSkewNormal(values.map((value) => -value))];
    expect(right?.shape).toBeGreaterThan(1);
    expect(left?.shape).toBeCloseTo(-(right?.shape ?? 0), 3);
  });

  test('equal values have no fit, few are refused', () => {
    expect(fitSkewNormal(new Array<number>(20).fill(3))).toBeNull();
    expect(() => fitSkewNormal([1, 2])).toThrow(RangeError);
  });
});

test('the simplex search finds the bottom of a curved valley', () => {
  const [x, y] = minimize(([a = 0, b = 0]) => (1 - a) ** 2 + 100 * (b - a * a) ** 2, [-1.2, 1], 0.5);
  expect(x).toBeCloseTo(1, 4);
  expect(y).toBeCloseTo(1, 4);
});
