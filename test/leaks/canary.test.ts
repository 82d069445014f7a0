import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CANARY_ALPHABET, canaryEntry, type CanaryPlace, foldLookalikes, mintCanary, parseCanary } from '../../src/leaks/canary.ts';

const SECRET = Buffer.alloc(32, 1);
const PLACE: CanaryPlace = { kind: 'prompt', place: 'support desk', epoch: 0 };

describe('minting', () => {
  test.each(['', 'EL', 'elu', 'ELUELUELU', 'E-U', 'ÉLU'])('the marker "%s" is refused', (marker) => {
    expect(() => mintCanary(SECRET, PLACE, marker)).toThrow(RangeError);
  });

  test.each([-1, 0.5, NaN, Infinity])('the epoch %d is refused', (epoch) => {
    expect(() => mintCanary(SECRET, { ...PLACE, epoch })).toThrow(RangeError);
  });

  test('a short secret is refused', () => {
    expect(() => mintCanary(Buffer.alloc(15), PLACE)).toThrow(RangeError);
  });

  test('the symbols are the first 80 bits of the keyed digest of kind, place and epoch', () => {
    const digest = createHmac('sha256', SECRET).update('prompt|support desk|0').digest();
    const bits = Array.from(digest.subarray(0, 10), (byte) => byte.toString(2).padStart(8, '0')).join('');
    const symbols = (bits.match(/.{5}/g) ?? []).map((five) => CANARY_ALPHABET.charAt(parseInt(five, 2))).join('');
    expect(mintCanary(SECRET, PLACE)).toBe(`ELU-${(symbols.match(/.{4}/g) ?? []).join('-')}`);
  });

  test('another place, kind, epoch or secret gives another canary', () => {
    const texts = [
      mintCanary(SECRET, PLACE),
      mintCanary(SECRET, { ...PLACE, place: 'sales desk' }),
      mintCanary(SECRET, { ...PLACE, kind: 'training' }),
      mintCanary(SECRET, { ...PLACE, epoch: 1 }),
      mintCanary(SECRET, { ...PLACE, place: 'support desk|0' }),
      mintCanary(Buffer.alloc(32, 2), PLACE),
    ];
    expect(new Set(texts).size).toBe(texts.length);
  });
});

describe('parsing', () => {
  test.each(['', 'ELU', 'ELU-AAAA-AAAA-AAAA', 'ELU-AAAA-AAAA-AAAA-AAAAA', 'XYZ-AAAA-AAAA-AAAA-AAAA', 'ELU-AAAU-AAAA-AAAA-AAAA', 'a ELU-AAAA-AAAA-AAAA-AAAA'])(
    '"%s" is no canary',
    (text) => {
      expect(parseCanary(text)).toBeUndefined();
    },
  );

  test('every minted canary is read in capital, small and mixed letters', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(), fc.constantFrom('ELU', 'X99', 'ACMECORP'), (place, epoch, marker) => {
        const text = mintCanary(SECRET, { kind: 'document', place, epoch }, marker);
        const mixed = Array.from(text, (letter, i) => (i % 2 === 0 ? letter.toLowerCase() : letter)).join('');
        for (const form of [text, text.toLowerCase(), mixed, ` ${text}\n`]) expect(parseCanary(form, marker)).toBe(text);
      }),
    );
  });
});

test('an entry of the registry knows a canary without holding it', () => {
  const text = mintCanary(SECRET, PLACE);
  const entry = canaryEntry(text, PLACE);
  expect(entry).toMatchObject({ ...PLACE, marker: 'ELU' });
  expect(entry).toEqual(canaryEntry(text.toLowerCase(), PLACE));
  for (const group of text.split('-').slice(1)) expect(JSON.stringify(entry).toUpperCase()).not.toContain(`-${group}`);
  expect(() => canaryEntry('ELU-1', PLACE)).toThrow(RangeError);
});

test('a fold is the same for a text and for its digits in the place of letters', () => {
  expect(foldLookalikes('elu5z')).toBe(foldLookalikes('31us2'));
});
