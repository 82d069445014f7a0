import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pcg32, seededGenerator, shuffle } from '../../../src/evaluation/statistics/seeded-generator.ts';

describe('the seeded generator', () => {
  test('gives the numbers of the published PCG32 demonstration', () => {
    const random = pcg32(42n, 54n);
    const hex = Array.from({ length: 6 }, () => random.uint32().toString(16));
    expect(hex).toEqual(['a15c02b7', '7b47f409', 'ba1d3330', '83d2f293', 'bfa4784b', 'cbed606e']);
  });

  test('agrees with the definition in 64-bit arithmetic for any state', () => {
    const word = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
    fc.assert(
      fc.property(word, word, (state, sequence) => {
        const increment = BigInt.asUintN(64, (sequence << 1n) | 1n);
        const step = (value: bigint): bigint => BigInt.asUintN(64, value * 6364136223846793005n + increment);
        let current = step(BigInt.asUintN(64, increment + state));
        const random = pcg32(state, sequence);
        for (let i = 0; i < 5; i += 1) {
          const shifted = BigInt.asUintN(32, ((current >> 18n) ^ current) >> 27n);
          const rotation = current >> 59n;
          expect(BigInt(random.uint32())).toBe(BigInt.asUintN(32, (shifted >> rotation) | (shifted << ((32n - rotation) & 31n))));
          current = step(current);
        }
      }),
    );
  });

  test('repeats itself for one seed and purpose, and differs for another', () => {
    const draw = (seed: number, purpose: string): number[] => {
      const random = seededGenerator(seed, purpose);
      return Array.from({ length: 8 }, () => random.uint32());
    };
    expect(draw(3, 'a')).toEqual(draw(3, 'a'));
    expect(draw(3, 'a')).not.toEqual(draw(3, 'b'));
    expect(draw(3, 'a')).not.toEqual(draw(4, 'a'));
  });

  test('stays below its bound, also for bounds that do not divide 2^32', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 0xffffffff }), fc.nat(), (bound, seed) => {
        const value = seededGenerator(seed, 'bound').below(bound);
        expect(Number.isInteger(value) && value >= 0 && value < bound).toBe(true);
      }),
    );
  });

  test('draws every remainder about equally often', () => {
    const random = seededGenerator(1, 'uniform');
    const counts = new Array<number>(7).fill(0);
    for (let i = 0; i < 70_000; i += 1) {
      const value = random.below(7);
      counts[value] = (counts[value] ?? 0) + 1;
    }
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
  });

  test('uniform numbers lie in [0, 1) with a mean of one half', () => {
    const random = seededGenerator(2, 'uniform');
    const values = Array.from({ length: 20_000 }, () => random.uniform());
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values)).toBeLessThan(1);
    expect(values.reduce((sum, value) => sum + value, 0) / values.length).toBeCloseTo(0.5, 2);
  });

  test('a shuffle keeps every item', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.nat(), (items, seed) => {
        expect(shuffle([...items], seededGenerator(seed, 's')).sort()).toEqual([...items].sort());
      }),
    );
  });

  test.each([-1, 0.5, Number.NaN, 2 ** 53])('refuses the seed %s', (seed) => {
    expect(() => seededGenerator(seed, 'x')).toThrow(/seed/u);
  });
});
