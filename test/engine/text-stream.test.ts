import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TextStream } from '../../src/engine/text-stream.ts';
import { encodeText } from '../../src/engine/vocabulary.ts';

function run(text: string, stops: readonly string[]): { readonly pieces: string[]; readonly stop: string | null } {
  const stream = new TextStream(stops);
  const pieces: string[] = [];
  for (const token of encodeText(text)) {
    pieces.push(stream.push(token));
    if (stream.stoppedBy !== null) break;
  }
  pieces.push(stream.end());
  return { pieces, stop: stream.stoppedBy };
}

describe('TextStream', () => {
  test('a character that never ends is dropped', () => {
    const stream = new TextStream([]);
    expect(
      encodeText('a€')
        .slice(0, 3)
        .map((token) => stream.push(token)),
    ).toEqual(['a', '', '']);
    expect(stream.end()).toBe('');
  });

  test('bytes that are no UTF-8 become one replacement character each, and only once that is certain', () => {
    const stream = new TextStream([]);
    expect(stream.push(0xc3 + 3)).toBe('');
    expect(stream.push(0x41 + 3)).toBe('\ufffdA');
    expect(stream.push(0xff + 3)).toBe('\ufffd');
  });

  test('control tokens have no text', () => {
    const stream = new TextStream([]);
    expect([0, 1, 2].map((token) => stream.push(token))).toEqual(['', '', '']);
  });

  test('what may begin a stop string is held and given back when it does not', () => {
    expect(run('a\n\nb', ['\n\nc'])).toEqual({ pieces: ['a', '', '', '\n\nb', ''], stop: null });
    expect(run('a\n\nc and more', ['\n\nc'])).toEqual({ pieces: ['a', '', '', '', ''], stop: '\n\nc' });
    expect(run('ends in a begin \n\n', ['\n\nc']).pieces.join('')).toBe('ends in a begin \n\n');
  });

  test('the first stop string in the text wins', () => {
    expect(run('abcdef', ['ef', 'cd'])).toMatchObject({ stop: 'cd' });
    expect(run('a€b', ['€'])).toEqual({ pieces: ['a', '', '', '', ''], stop: '€' });
  });

  test('pieces join to the text before the earliest stop string, whatever the text', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', ' ', 'é', '€', '😀'), maxLength: 30 });
    fc.assert(
      fc.property(text, fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'é', '😀'), minLength: 1, maxLength: 3 }), { maxLength: 3 }), (whole, stops) => {
        const { pieces, stop } = run(whole, stops);
        expect(pieces.every((piece) => piece.isWellFormed() && !piece.includes('\ufffd'))).toBe(true);
        const joined = pieces.join('');
        expect(whole.startsWith(joined)).toBe(true);
        expect(stops.some((candidate) => joined.includes(candidate))).toBe(false);
        expect(joined + (stop ?? '')).toBe(stop === null ? whole : whole.slice(0, joined.length + stop.length));
      }),
    );
  });
});
