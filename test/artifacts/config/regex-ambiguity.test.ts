import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backtracking } from '../../../src/artifacts/config/regex-ambiguity.ts';

describe('backtracking of a pattern', () => {
  it.each(['(a+)+$', '(a|a)*b', '(\\w+\\s?)*$', '(x+x+)+y', '(a*)*', '(.*)*', '(?:\\d{1,3})+', '(?:(?:a+)|b)+c', '(?=(a+)+b)', '(a{0,100}){0,100}'])(
    'is exponential: %s',
    (pattern) => {
      expect(backtracking(pattern)).toBe('exponential');
    },
  );

  it.each([
    '(a|b)*',
    '([a-z]+ )+',
    '(\\w+\\s)*$',
    '(?=(\\d{3})+(?!\\d))',
    ' ?[^(\\s|[.,!?])]+',
    '[一-龥぀-ゟ]+',
    "'(?:[^'\\\\]|\\\\.)*'",
    '(?:\\p{L}++)+',
    '(a?){12}',
    '[\\[\\]]+',
    '\\s+$',
  ])('is bounded: %s', (pattern) => {
    expect(backtracking(pattern)).toBe('bounded');
  });

  it('is not known for what is no pattern, or too large', () => {
    expect(backtracking('(a')).toBe('unreadable');
    expect(backtracking('('.repeat(100))).toBe('too-large');
    expect(backtracking('(((((((){12}){12}){12}){12}){12}){12}){12}')).toBe('too-large');
    expect(backtracking('(?:[ab]{1,12}){1,12}'.repeat(30))).toBe('too-large');
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ab()[]{}|*+?.\\^$-,1:=!<>pPsd&'.split('')), maxLength: 40 }), (pattern) => {
        expect(['exponential', 'bounded', 'unreadable', 'too-large']).toContain(backtracking(pattern));
      }),
    );
  });
});
