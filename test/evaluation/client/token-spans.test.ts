import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { tokenSpans } from '../../../src/evaluation/client/token-spans.ts';

const names = (...list: string[]): { name: string }[] => list.map((name) => ({ name }));
const spans = (text: string, ...list: string[]): [number, number][] | undefined => tokenSpans(text, names(...list))?.map(({ start, end }) => [start, end]);

describe('where tokens stand in a text', () => {
  test('words, with the markup that an engine puts before and after', () => {
    expect(spans('To be', '<s>', 'To', ' be', '</s>')).toEqual([
      [0, 0],
      [0, 2],
      [2, 5],
      [5, 5],
    ]);
    expect(spans('To be', '<|begin_of_text|>', 'To', ' be')).toEqual([
      [0, 0],
      [0, 2],
      [2, 5],
    ]);
    expect(spans('To be', 'To', ' be')).toEqual([
      [0, 2],
      [2, 5],
    ]);
  });

  test('a text that looks like markup itself', () => {
    expect(spans('<s>x', '<s>', 'x')).toEqual([
      [0, 3],
      [3, 4],
    ]);
    expect(spans('<s>x', '<s>', '<s>', 'x')).toEqual([
      [0, 0],
      [0, 3],
      [3, 4],
    ]);
    expect(spans('\\xc3', '\\xc3')).toEqual([[0, 4]]);
  });

  test('single bytes in the three ways in which engines write them', () => {
    expect(spans('a\u00e9', 'a', 'bytes:\\xc3', 'bytes:\\xa9')).toEqual([
      [0, 1],
      [1, 2],
      [2, 3],
    ]);
    expect(spans('a\u00e9', 'a', '<0xC3>', '<0xA9>')).toEqual([
      [0, 1],
      [1, 2],
      [2, 3],
    ]);
    expect(
      tokenSpans('\u00e9', [
        { name: '', bytes: Uint8Array.of(0xc3) },
        { name: '', bytes: Uint8Array.of(0xa9) },
      ]),
    ).toEqual([
      { start: 0, end: 1 },
      { start: 1, end: 2 },
    ]);
  });

  test('parts of characters without a name share the gap', () => {
    expect(spans('a\u{1f600}b', 'a', '\ufffd', '\ufffd', 'b')).toEqual([
      [0, 1],
      [1, 3],
      [3, 5],
      [5, 6],
    ]);
    expect(spans('a\u{1f600}', 'a', '', '\ufffd')).toEqual([
      [0, 1],
      [1, 3],
      [3, 5],
    ]);
  });

  test('SentencePiece: a space that the text does not have', () => {
    expect(spans('To be', '\u2581To', '\u2581be')).toEqual([
      [0, 2],
      [2, 5],
    ]);
    expect(spans('To be', '<s>', ' To', ' be')).toEqual([
      [0, 0],
      [0, 2],
      [2, 5],
    ]);
  });

  test('tokens that spell something else have no place', () => {
    expect(spans('To be', 'To')).toBeUndefined();
    expect(spans('To be', 'To', ' be', ' or')).toBeUndefined();
    expect(spans('To be', ' and', ' so')).toBeUndefined();
    expect(spans('To be')).toBeUndefined();
    expect(spans('')).toEqual([]);
    expect(spans('To be', 'To', '<s>', ' be')).toBeUndefined();
  });

  test('any text cut anywhere is spelled to the byte', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 12 }), (parts) => {
        const text = parts.join('');
        fc.pre(text.isWellFormed() && !parts.some((part) => part.includes('\ufffd')));
        const found = tokenSpans(text, names(...parts));
        expect(found?.at(-1)?.end).toBe(Buffer.byteLength(text));
        expect(found?.map(({ start, end }) => end - start)).toEqual(parts.map((part) => Buffer.byteLength(part)));
      }),
    );
  });

  test('hostile names cost little', () => {
    const text = 'ab'.repeat(50_000);
    expect(
      tokenSpans(
        text,
        Array.from({ length: 100_000 }, (_, i) => ({ name: i % 2 === 0 ? '\ufffd' : 'b' })),
      ),
    ).toBeDefined();
    expect(
      tokenSpans(
        text,
        Array.from({ length: 100_000 }, () => ({ name: '' })),
      ),
    ).toBeDefined();
  });
});
