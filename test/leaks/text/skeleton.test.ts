import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { foldedSkeletonOf } from '../../../src/leaks/text/leet.ts';
import { alphanumericsOf, skeletonOf, spanOf } from '../../../src/leaks/text/skeleton.ts';

function textOf(text: string): string {
  const { codes, length } = skeletonOf(text);
  return String.fromCharCode(...codes.subarray(0, length));
}

describe('the skeleton', () => {
  test.each([
    ['nothing', '', ''],
    ['separators and signs', ' - _./\n\t\u200b\u00ad', ''],
    ['half a pair', '\ud83d a \udc00', 'a'],
    ['letters of every case', 'aBc9', 'abc9'],
    ['marks', 'Z\u0301\u0336\u0353é', 'ze'],
    ['full width', 'ＡＢ９', 'ab9'],
    ['ligatures and units', 'ﬁ ㎏ ½', 'fikg12'],
    ['mathematical, circled, squared and negative squared letters', '𝐀𝓩Ⓐⓩ🄰🅉🅰🆉', 'azazazaz'],
    ['flags', '🇪🇱', 'el'],
    ['tags', '\u{e0045}\u{e004c}\u{e002d}\u{e0030}\u{e007f}', 'el0'],
    ['Cyrillic, Greek and small capitals', 'ЕѕԚ ΕΧΝ ᴇʟᴜ', 'esqexnelu'],
    ['other scripts', '日本 عربي', ''],
  ])('%s', (_, text, expected) => {
    expect(textOf(text)).toBe(expected);
  });

  test('holds small letters and digits only, and says where each came from', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        const tape = skeletonOf(text);
        for (let i = 0; i < tape.length; i += 1) {
          const { start, end } = spanOf(text, tape, i, i);
          expect(String.fromCharCode(tape.codes[i] ?? 0)).toMatch(/[a-z0-9]/);
          expect(textOf(text.slice(start, end))).toContain(String.fromCharCode(tape.codes[i] ?? 0));
        }
      }),
    );
  });

  test('a text that grows when taken apart fits', () => {
    const text = '㋿㍿﷽㎯'.repeat(500);
    expect(textOf(text).length).toBeGreaterThan(text.length);
    expect(textOf(`${text}x`.repeat(3)).endsWith('x')).toBe(true);
  });
});

test('letters keep their case on the tape for base64', () => {
  const { codes, length } = alphanumericsOf('aB+/ é9=');
  expect(String.fromCharCode(...codes.subarray(0, length))).toBe('aB9');
});

test('signs and digits that are written for letters are the same as the letters', () => {
  const folded = (text: string): string => {
    const { codes, length } = foldedSkeletonOf(text, skeletonOf(text));
    return String.fromCharCode(...codes.subarray(0, length));
  };
  expect(folded('3|u-$+@')).toBe(folded('eiu-sta'));
  expect(folded('no signs')).toBe('n0519n5');
});
