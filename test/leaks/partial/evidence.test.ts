import { describe, expect, test } from 'vitest';
import { alarmBits, evidenceBits, type Segment } from '../../../src/leaks/partial/evidence.ts';

const BODY = 'ckr04z7ysss7jvh5';

function piece(from: number, to: number, at: number, marked = false): Segment {
  return { from, to, at, marked };
}

describe('evidence', () => {
  test('no piece is no evidence', () => {
    expect(evidenceBits(BODY, [], 100, 0)).toBe(0);
    expect(evidenceBits(BODY, [], 0, 0)).toBe(0);
  });

  test('a piece is worth five bits a symbol, less the choice of its place', () => {
    expect(evidenceBits(BODY, [piece(0, 10, 5)], 1024, 0)).toBeCloseTo(50 - 10 - Math.log2(12), 9);
  });

  test('pieces that overlap in the canary or in the text count once', () => {
    const one = evidenceBits(BODY, [piece(0, 10, 5)], 1024, 0);
    expect(evidenceBits(BODY, [piece(0, 10, 5), piece(2, 9, 50)], 1024, 0)).toBe(one);
    expect(evidenceBits(BODY, [piece(0, 10, 5), piece(10, 15, 9)], 1024, 0)).toBe(one);
    expect(evidenceBits(BODY, [piece(0, 8, 5), piece(8, 16, 90)], 1024, 0)).toBeGreaterThan(one);
  });

  test('behind a marker two symbols are evidence, unless markers are common', () => {
    expect(evidenceBits(BODY, [piece(0, 2, 5, true)], 20_000, 1)).toBeCloseTo(9, 9);
    expect(evidenceBits(BODY, [piece(0, 2, 5, true)], 20_000, 1023)).toBe(0);
  });

  test('digits and hexadecimal digits are worth less than letters', () => {
    const bits = (body: string): number => evidenceBits(body, [piece(0, 16, 0)], 1, 0);
    expect(bits('0110100110010110')).toBeLessThan(bits('0123456789012345'));
    expect(bits('0123456789012345')).toBeLessThan(bits('0123456789abcdef'));
    expect(bits('0123456789abcdef')).toBeLessThan(bits(BODY));
  });

  test('the more canaries are looked for, the more is asked', () => {
    expect(alarmBits(0)).toBe(20);
    expect(alarmBits(1024)).toBe(30);
  });
});
