import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { VOCABULARY_SIZE, continuesCharacter, decodeTokens, encodeText, tokenByte, tokenName } from '../../src/engine/vocabulary.ts';

/** Any characters, those beyond 16 bits and control characters too. */
const anyText = fc
  .array(fc.integer({ min: 0, max: 0x10ffff }).filter((point) => point < 0xd800 || point > 0xdfff))
  .map((points) => String.fromCodePoint(...points));

describe('vocabulary', () => {
  test('a space is token 259, other bytes are shifted by three', () => {
    expect(encodeText('a é\n')).toEqual([100, 259, 198, 172, 13]);
  });

  test('text survives the round trip', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const tokens = encodeText(text);
        expect(tokens.every((token) => token >= 3 && token < VOCABULARY_SIZE)).toBe(true);
        expect(decodeTokens(tokens)).toBe(text);
      }),
    );
  });

  test('control tokens have no byte and no text', () => {
    expect([0, 1, 2].map(tokenByte)).toEqual([undefined, undefined, undefined]);
    expect(decodeTokens([1, 100, 2])).toBe('a');
    expect([0, 1, 2].map(tokenName)).toEqual(['<unk>', '<s>', '</s>']);
  });

  test('every token has a name of its own, but the space that the models never say', () => {
    const names = new Set(Array.from({ length: VOCABULARY_SIZE }, (_, token) => tokenName(token)));
    expect(names.size).toBe(VOCABULARY_SIZE - 1);
    expect(tokenName(198)).toBe('bytes:\\xc3');
  });

  test('only the later bytes of a character continue it', () => {
    expect(encodeText('aé€').map(continuesCharacter)).toEqual([false, false, true, false, true, true]);
    expect(continuesCharacter(1)).toBe(false);
  });
});
