import { deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { acrosticTexts } from '../../../src/leaks/decode/acrostics.ts';
import { ascii85Texts } from '../../../src/leaks/decode/ascii85-runs.ts';
import { base58Bytes, base58Texts } from '../../../src/leaks/decode/base58-runs.ts';
import { base64Texts, wrappedBase64Text } from '../../../src/leaks/decode/base64-runs.ts';
import type { DecodingBudget, DerivedText } from '../../../src/leaks/decode/derived-text.ts';
import { hexTexts } from '../../../src/leaks/decode/hex-runs.ts';
import { hiddenTexts } from '../../../src/leaks/decode/hidden-characters.ts';
import { brailleTexts, morseTexts, rot47Text } from '../../../src/leaks/decode/signs.ts';
import { unescapedText } from '../../../src/leaks/decode/unescape.ts';
import { uuencodeTexts } from '../../../src/leaks/decode/uuencode-lines.ts';

type Decoder = (text: string, budget: DecodingBudget) => Generator<DerivedText>;

const DECODERS: readonly (readonly [string, Decoder])[] = [
  ['acrostics', acrosticTexts],
  ['ascii85', ascii85Texts],
  ['base58', base58Texts],
  ['base64', base64Texts],
  ['wrapped base64', wrappedBase64Text],
  ['hex', hexTexts],
  ['hidden characters', hiddenTexts],
  ['braille', brailleTexts],
  ['morse', morseTexts],
  ['rot47', rot47Text],
  ['escapes', unescapedText],
  ['uuencode', uuencodeTexts],
];
const NOTE = 'Man is distinguished, not only';
/** The beginning of the example that the format is known by. */
const ASCII85 = '<~9jqo^BlbD-BleB1DJ+*+F(f,q/0JhKF<GL>~>';

function texts(decoder: Decoder, text: string, left = 1e7): readonly string[] {
  return Array.from(decoder(text, { left }), (found) => found.text);
}

describe.each(DECODERS)('%s', (_, decoder) => {
  test('any text is taken without an error, and spans lie within it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        for (const { start, end } of decoder(text, { left: 1e6 })) {
          expect(start).toBeGreaterThanOrEqual(0);
          expect(end).toBeGreaterThan(start - 1);
          expect(end).toBeLessThanOrEqual(text.length);
        }
      }),
    );
  });

  test('without a budget nothing is decoded', () => {
    const text = `${Buffer.from(NOTE).toString('base64')} ${Buffer.from(NOTE).toString('hex')} %41 \u2801 \u200b\ufe01 ${'. '.repeat(40)}`;
    const budget = { left: 0 };
    expect(Array.from(decoder(text, budget))).toEqual([]);
    expect(budget.left).toBe(0);
  });
});

test.each([
  ['base64', base64Texts, Buffer.from(NOTE).toString('base64')],
  ['base64 behind a letter', base64Texts, `k${Buffer.from(NOTE).toString('base64')}`],
  ['base64 from right to left', base64Texts, Array.from(Buffer.from(NOTE).toString('base64')).reverse().join('')],
  [
    'base64 over lines',
    wrappedBase64Text,
    (
      Buffer.from(NOTE)
        .toString('base64')
        .match(/.{1,9}/g) ?? []
    ).join('\r\n'),
  ],
  ['gzip in base64', base64Texts, gzipSync(NOTE).toString('base64')],
  ['zlib in hexadecimal', hexTexts, deflateSync(NOTE).toString('hex')],
  ['hexadecimal with colons', hexTexts, (Buffer.from(NOTE).toString('hex').match(/../g) ?? []).join(':')],
])('%s is read', (_, decoder, text) => {
  const found = texts(decoder, text.includes('\n') ? text : `sum: ${text} `);
  expect(found).toContain(NOTE);
});

test('the well-known example of ascii85 is read, with and without its signs', () => {
  expect(texts(ascii85Texts, ASCII85)).toEqual(['Man is distinguished, not on']);
  expect(texts(ascii85Texts, ASCII85.slice(2, -2))).toEqual(['Man is distinguished, not on']);
});

test('base58 is the number of the bytes', () => {
  expect(Buffer.from(base58Bytes('2NEpo7TZRRrLZSi2U')).toString()).toBe('Hello World!');
  expect(Array.from(base58Bytes('11'))).toEqual([0, 0]);
});

test('escapes of several kinds are undone at once, and what is none stays', () => {
  expect(texts(unescapedText, '%41&#66;&#x43;\\x44\\u0045=46\\107&amp; 100% \\q &unknown;')).toEqual(['ABCDEFG& 100% \\q &unknown;']);
  expect(texts(unescapedText, 'plain')).toEqual([]);
  expect(texts(unescapedText, '&#99999999; &#x110000;')).toHaveLength(1);
});

describe('a gzip bomb', () => {
  test('gives no more than its own characters', () => {
    const bomb = gzipSync(Buffer.alloc(20 * 1024 * 1024)).toString('base64');
    expect(texts(base64Texts, bomb).join('').length).toBeLessThan(bomb.length);
  });

  test('costs its budget', () => {
    const budget = { left: 1e6 };
    Array.from(base64Texts(gzipSync('a'.repeat(900_000)).toString('base64'), budget));
    expect(budget.left).toBeLessThan(1e5);
  });
});
