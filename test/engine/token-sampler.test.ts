import { describe, expect, test } from 'vitest';
import { TokenSampler } from '../../src/engine/token-sampler.ts';
import type { Sampling } from '../../src/engine/token-sampler.ts';

const distribution = new Map([
  [10, 0.6],
  [11, 0.3],
  [12, 0.1],
]);

function draw(sampling: Partial<Sampling>, count: number, index = 0): number[] {
  const sampler = new TokenSampler({ temperature: 1, topP: 1, seed: 1, ...sampling }, index);
  return Array.from({ length: count }, () => sampler.pick(distribution));
}

function share(tokens: readonly number[], token: number): number {
  return tokens.filter((drawn) => drawn === token).length / tokens.length;
}

describe('TokenSampler', () => {
  test('temperature 0 takes the most likely token', () => {
    expect(new Set(draw({ temperature: 0 }, 50))).toEqual(new Set([10]));
  });

  test('a seed repeats its draws, on every machine', () => {
    expect(draw({ seed: 7 }, 100)).toEqual(draw({ seed: 7 }, 100));
    expect(draw({ seed: 7 }, 100)).not.toEqual(draw({ seed: 8 }, 100));
    expect(draw({ seed: 42 }, 12)).toEqual([12, 10, 10, 10, 10, 10, 10, 10, 11, 10, 12, 11]);
  });

  test.each([-5, 0, Number.MAX_SAFE_INTEGER])('seed %s works', (seed) => {
    expect(draw({ seed }, 20)).toEqual(draw({ seed }, 20));
  });

  test('without a seed runs differ; choices of one seed differ too', () => {
    expect(draw({ seed: null }, 100)).not.toEqual(draw({ seed: null }, 100));
    expect(draw({ seed: 7 }, 100, 0)).not.toEqual(draw({ seed: 7 }, 100, 1));
  });

  test('tokens come as often as they are likely', () => {
    const drawn = draw({}, 5000);
    expect(share(drawn, 10)).toBeCloseTo(0.6, 1);
    expect(share(drawn, 11)).toBeCloseTo(0.3, 1);
    expect(share(drawn, 12)).toBeCloseTo(0.1, 1);
  });

  test('a temperature sharpens and flattens', () => {
    // 0.6 : 0.3 : 0.1 to the power of two is 36 : 9 : 1
    expect(share(draw({ temperature: 0.5 }, 5000), 10)).toBeCloseTo(36 / 46, 1);
    expect(share(draw({ temperature: 1000 }, 5000), 12)).toBeCloseTo(1 / 3, 1);
    expect(new Set(draw({ temperature: 1e-6 }, 50))).toEqual(new Set([10]));
  });

  test('top_p keeps the smallest set that reaches it', () => {
    expect(new Set(draw({ topP: 0.6 }, 500))).toEqual(new Set([10]));
    expect(new Set(draw({ topP: 0.61 }, 500))).toEqual(new Set([10, 11]));
    expect(new Set(draw({ topP: 1e-9 }, 50))).toEqual(new Set([10]));
  });
});
