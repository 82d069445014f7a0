import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { betaQuantile, binomialUpperTail, incompleteBeta, studentUpperTail } from '../../../src/evaluation/statistics/incomplete-beta.ts';
import { chiSquareUpperTail, gammaP, gammaQ } from '../../../src/evaluation/statistics/incomplete-gamma.ts';
import { logGamma } from '../../../src/evaluation/statistics/log-gamma.ts';
import { erfc, logNormalCdf, normalCdf, normalQuantile, normalUpperTail } from '../../../src/evaluation/statistics/normal.ts';

/** Expected values were computed with 40 digits (mpmath). */
function expectRelative(given: number, expected: number, within = 1e-12): void {
  expect(Math.abs(given - expected), `${String(given)} for ${String(expected)}`).toBeLessThanOrEqual(within * Math.abs(expected));
}

describe('log-gamma', () => {
  test.each([
    [1e-10, 23.025850929882735],
    [0.5, 0.5723649429247001],
    [1.0001, -5.7713342220471268e-5],
    [1.49, -0.12110025854219772],
    [1.999, -0.00042246180069210728],
    [10.1, 13.027526738633238],
    [1234.5, 7550.5509010778949],
  ])('of %s', (x, expected) => {
    expectRelative(logGamma(x), expected, 1e-11);
  });

  test('is 0 at 1 and 2', () => {
    expect(logGamma(1)).toBe(0);
    expect(logGamma(2)).toBe(0);
  });

  test('grows by ln x from x to x + 1', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 1000, noNaN: true }), (x) => {
        expect(Math.abs(logGamma(x + 1) - logGamma(x) - Math.log(x))).toBeLessThan(1e-11 * Math.max(1, Math.abs(logGamma(x))));
      }),
    );
  });

  test.each([0, -1, Number.NaN, Infinity])('refuses %s', (x) => {
    expect(() => logGamma(x)).toThrow(RangeError);
  });
});

describe('incomplete gamma', () => {
  test('P and Q add up to 1, both between 0 and 1', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.05, max: 500, noNaN: true }), fc.double({ min: 0, max: 600, noNaN: true }), (a, x) => {
        const [p, q] = [gammaP(a, x), gammaQ(a, x)];
        expect(p).toBeGreaterThanOrEqual(0);
        expect(q).toBeGreaterThanOrEqual(0);
        expect(Math.abs(p + q - 1)).toBeLessThan(1e-12);
      }),
    );
  });

  test('of shape 1 is the exponential distribution, far into the tail', () => {
    for (const x of [0.1, 1, 2, 30, 600]) expectRelative(gammaQ(1, x), Math.exp(-x));
  });

  test('keeps digits where the value is tiny', () => {
    expectRelative(gammaQ(1000, 2000), 6.847349459614753e-136, 1e-11);
    expect(gammaQ(3, Infinity)).toBe(0);
    expect(gammaP(3, 0)).toBe(0);
  });

  test('chi-square with one degree of freedom is the square of a normal', () => {
    expectRelative(chiSquareUpperTail(3.841458820694124, 1), 0.05);
  });

  test.each([
    [0, 1],
    [-1, 1],
    [1, -1],
    [Number.NaN, 1],
    [1, Number.NaN],
  ])('refuses a = %s, x = %s', (a, x) => {
    expect(() => gammaP(a, x)).toThrow(RangeError);
  });
});

describe('incomplete beta', () => {
  test('mirrors itself', () => {
    const shape = fc.double({ min: 0.1, max: 2000, noNaN: true });
    fc.assert(
      fc.property(shape, shape, fc.double({ min: 0, max: 1, noNaN: true }), (a, b, x) => {
        expect(Math.abs(incompleteBeta(a, b, x) + incompleteBeta(b, a, 1 - x, x) - 1)).toBeLessThan(1e-10);
      }),
    );
  });

  test('agrees with sums of binomial probabilities', () => {
    expectRelative(binomialUpperTail(41, 61, 0.5), 0.009853448195259268 / 2);
    expectRelative(binomialUpperTail(3, 3, 0.1), 0.001);
    expect(binomialUpperTail(0, 5, 0.5)).toBe(1);
    expect(binomialUpperTail(6, 5, 0.5)).toBe(0);
  });

  test('the quantile inverts the function', () => {
    const shape = fc.double({ min: 0.5, max: 300, noNaN: true });
    fc.assert(
      fc.property(shape, shape, fc.double({ min: 1e-9, max: 0.999, noNaN: true }), (a, b, p) => {
        expect(Math.abs(incompleteBeta(a, b, betaQuantile(p, a, b)) - p)).toBeLessThan(1e-9);
      }),
    );
    expectRelative(betaQuantile(0.001, 0.5, 0.5), 2.467399070916944e-6);
  });

  test('Student: symmetric, and Cauchy with one degree of freedom', () => {
    expectRelative(studentUpperTail(1, 1), 0.25);
    expectRelative(studentUpperTail(30, 1000), 7.687343722021741e-142, 1e-11);
    expect(studentUpperTail(-2, 7) + studentUpperTail(2, 7)).toBeCloseTo(1, 14);
    expect(studentUpperTail(Infinity, 3)).toBe(0);
  });
});

describe('the normal distribution', () => {
  test.each([
    [-37, 5.725571222524577e-300],
    [-10, 7.619853024160525e-24],
    [-1, 0.15865525393145705],
    [0.7, 0.758036347776927],
  ])('cdf of %s', (z, expected) => {
    expectRelative(normalCdf(z), expected);
  });

  test('the logarithm goes on where the probability is 0', () => {
    expect(normalCdf(-1000)).toBe(0);
    expectRelative(logNormalCdf(-1000), -500007.82669481218);
    expect(logNormalCdf(40)).toBeCloseTo(0, 15);
  });

  test('the quantile inverts the cdf from 1e-300 to almost 1', () => {
    expectRelative(normalQuantile(0.975), 1.959963984540054);
    expectRelative(normalQuantile(0.5000001), 2.506628273311648e-7);
    expect(normalQuantile(0)).toBe(-Infinity);
    expect(normalQuantile(1)).toBe(Infinity);
    fc.assert(
      fc.property(fc.double({ min: -300, max: -0.01, noNaN: true }), (exponent) => {
        const p = 10 ** exponent;
        expectRelative(normalCdf(normalQuantile(p)), p, 1e-10);
      }),
    );
  });

  test('erfc falls from 2 to 0', () => {
    expectRelative(erfc(1), 0.15729920705028513);
    expect(erfc(-30)).toBe(2);
    expect(erfc(30)).toBe(0);
    expect(normalUpperTail(0)).toBe(0.5);
  });

  test.each([Number.NaN, -0.1, 1.1])('refuses the probability %s', (p) => {
    expect(() => normalQuantile(p)).toThrow(RangeError);
  });
});
