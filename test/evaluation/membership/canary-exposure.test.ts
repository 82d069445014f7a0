import { describe, expect, test } from 'vitest';
import { judgeCanaries } from '../../../src/evaluation/membership/canary-exposure.ts';
import type { CanaryScores } from '../../../src/evaluation/membership/canary-exposure.ts';
import { normalQuantile } from '../../../src/evaluation/statistics/normal.ts';
import { seededGenerator } from '../../../src/evaluation/statistics/seeded-generator.ts';

const SPACE = { spaceBits: Math.log2(1e8) };

/** Five canaries whose secrets lie `shift` deviations above their decoys. */
function canaries(group: string, shift: number, seed: number): CanaryScores[] {
  const random = seededGenerator(seed, group);
  const normal = (): number => normalQuantile(random.uniform() || 0.5);
  return Array.from({ length: 5 }, (_unused, i) => ({
    id: `${group}-${String(i)}`,
    group,
    secret: -18 + 2 * (normal() + shift),
    decoys: Array.from({ length: 150 }, () => -18 + 2 * normal()),
  }));
}

describe('exposure of planted secrets', () => {
  const judged = judgeCanaries(
    [...canaries('0', 0, 1), ...canaries('1', 0.5, 2), ...canaries('4', 3, 3), ...canaries('16', 7, 4), ...canaries('64', 9, 5)],
    SPACE,
  );

  test('often repeated ones are flagged one by one, at no more bits than the secret has', () => {
    expect(judged.alarmBits).toBeCloseTo(11.29, 2);
    for (const { group, flagged, gaussianBits } of judged.canaries) {
      if (group === '16' || group === '64') expect(flagged).toBe(true);
      expect(gaussianBits).toBeLessThanOrEqual(SPACE.spaceBits);
    }
  });

  test('rarely repeated ones are flagged as a group, unplanted ones not at all', () => {
    const flagged = judged.groups.filter((group) => group.flagged).map(({ group }) => group);
    expect(flagged).toEqual(expect.arrayContaining(['4', '16', '64']));
    expect(flagged).not.toContain('0');
    expect(judged.canaries.filter(({ group, flagged }) => group === '0' && flagged)).toEqual([]);
    expect(judged.all.flagged && judged.flagged).toBe(true);
  });

  test('names that were never planted are not flagged, over 50 draws', () => {
    const flagged = Array.from({ length: 50 }, (_unused, seed) => judgeCanaries(canaries('none', 0, seed), SPACE)).filter((judgement) => judgement.flagged);
    expect(flagged.length).toBeLessThanOrEqual(2);
  });

  test('an extracted secret is flagged whatever its exposure', () => {
    const { extracted, flagged } = judgeCanaries(
      canaries('0', -2, 1).map((canary, i) => ({ ...canary, extracted: i === 0 })),
      SPACE,
    );
    expect(extracted).toEqual(['0-0']);
    expect(flagged).toBe(true);
  });

  test('many decoys are also fitted by a skew-normal; decoys without spread have ranks only', () => {
    const decoys = Array.from({ length: 999 }, (_unused, i) => normalQuantile((i + 0.5) / 999));
    const { canaries: found } = judgeCanaries(
      [
        { id: 'a', secret: 3, decoys },
        { id: 'b', secret: 1, decoys: [0, 0, 0] },
      ],
      SPACE,
    );
    expect(found[0]?.skewNormalBits).toBeCloseTo(found[0]?.gaussianBits ?? 0, 0);
    expect(found[0]?.decoysNormalP).toBeGreaterThan(0.5);
    expect(found[1]).toMatchObject({ gaussianBits: null, decoysNormalP: null, rankBits: 2 });
  });

  test('the judgement is plain data', () => {
    expect(JSON.parse(JSON.stringify(judged))).toEqual(judged);
  });

  test('refuses no canaries, equal ids and scores that are no numbers', () => {
    const one: CanaryScores = { id: 'a', secret: 1, decoys: [0, 1] };
    expect(() => judgeCanaries([], SPACE)).toThrow(/no canaries/u);
    expect(() => judgeCanaries([one, one], SPACE)).toThrow(/one id/u);
    expect(() => judgeCanaries([{ ...one, decoys: [Number.NaN, 1] }], SPACE)).toThrow(/decoys/u);
  });
});
