import fc from 'fast-check';
import { expect, test } from 'vitest';
import { JsonUnescape } from '../../../src/leaks/stream/json-unescape.ts';

function unescaped(pieces: readonly string[]): string {
  const unescape = new JsonUnescape();
  return Buffer.concat(pieces.map((piece) => Buffer.from(unescape.take(Buffer.from(piece), 0, Buffer.byteLength(piece))))).toString();
}

function escapedFully(text: string): string {
  return Array.from({ length: text.length }, (_, i) => `\\u${text.charCodeAt(i).toString(16).padStart(4, '0')}`).join('');
}

test('undoes what JSON.stringify does, cut anywhere', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.boolean(), fc.integer({ min: 1, max: 9 }), (text, fully, size) => {
      const escaped = fully ? escapedFully(text) : JSON.stringify(text).slice(1, -1);
      const bytes = Buffer.from(escaped);
      const unescape = new JsonUnescape();
      const out: Buffer[] = [];
      for (let at = 0; at < bytes.length; at += size) out.push(Buffer.from(unescape.take(bytes, at, Math.min(bytes.length, at + size))));
      expect(Buffer.concat(out).toString()).toBe(text);
    }),
  );
});

test.each([
  ['\\n\\t\\r\\b\\f\\"\\\\\\/', '\n\t\r\b\f"\\/'],
  ['\\q', 'q'],
  ['\\u00zz', 'u00zz'],
  ['\\u12\\u0041', 'u12A'],
  ['\\ud83dx', '\ufffdx'],
  ['\\udE00', '\ufffd'],
  ['\\ud83d\\ud83d\\ude00', '\ufffd\u{1f600}'],
])('%j is read as %j, one character at a time too', (text, expected) => {
  expect([unescaped([text]), unescaped(Array.from(text))]).toEqual([expected, expected]);
});
