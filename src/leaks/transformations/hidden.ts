import { inSentence, ofEach, type Transformation } from './transformation.ts';

function bits(name: string, zero: string, one: string): Transformation {
  return ofEach(name, (letter) =>
    letter
      .charCodeAt(0)
      .toString(2)
      .padStart(8, '0')
      .replaceAll(/[01]/g, (bit) => (bit === '0' ? zero : one)),
  );
}

/** What a reader does not see. */
export const HIDDEN: readonly Transformation[] = [
  ofEach('tags', (letter) => String.fromCodePoint(0xe0000 + letter.charCodeAt(0))),
  inSentence('varsel', (canary) => '\u{1f600}' + Array.from(canary, (letter) => String.fromCodePoint(0xe0100 + letter.charCodeAt(0) - 16)).join('')),
  bits('zw_bits', '\u200b', '\u200c'),
  bits('sneaky_bits', '\u2062', '\u2064'),
];
