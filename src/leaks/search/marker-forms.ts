import { foldLookalikes } from '../canary.ts';
import { type OpenReader, type Step, readDecimal, readDigits, readMapped, readPacked, readReversedPairs, readWords } from './code-reader.ts';
import { DIGIT_CODES, DIGIT_WORDS, LETTER_WORDS, SPELLING_CODES } from './spoken.ts';

/** One way in which a marker, and the canary behind it, can stand in a text. */
export interface MarkerForm {
  readonly via: string;
  /** What to look for on the tape. */
  readonly pattern: string;
  readonly step: Step;
  readonly open: OpenReader;
}

export const SKELETON_SYMBOLS = '0123456789abcdefghijklmnopqrstuvwxyz';
const UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
export const ALPHANUMERICS = `${UPPER}abcdefghijklmnopqrstuvwxyz0123456789`;
const BASE64 = ALPHANUMERICS;
/** RFC 4648 (two alphabets) and Crockford's. */
const BASE32 = ['abcdefghijklmnopqrstuvwxyz234567', '0123456789abcdefghijklmnopqrstuv', '0123456789abcdefghjkmnpqrstvwxyz'];
/** What stands between bytes in hexadecimal after separators are dropped: `45 4c`, `\x45`, `0x45`, `\u0045`, UTF-16. */
const HEX_SEPARATORS = ['', 'x', '0x', 'u00', '00'];
const MAX_CASED = 4;

/** Every case of a short marker; capital, small, title and alternating for a longer one. */
function casings(marker: string): readonly string[] {
  if (marker.length > MAX_CASED) {
    const alternating = (odd: number): string => Array.from(marker, (letter, i) => (i % 2 === odd ? letter.toLowerCase() : letter)).join('');
    return [...new Set([marker, marker.toLowerCase(), marker.charAt(0) + marker.slice(1).toLowerCase(), alternating(0), alternating(1)])];
  }
  let found = [''];
  for (const letter of marker) found = found.flatMap((begun) => [...new Set([letter, letter.toLowerCase()])].map((next) => begun + next));
  return found;
}

function codesOf(text: string): readonly number[] {
  return Array.from(text, (letter) => letter.charCodeAt(0));
}

function reversed(text: string): string {
  return Array.from(text).reverse().join('');
}

/** A form, and with it the one that is read from right to left. */
function bothWays(form: MarkerForm): readonly MarkerForm[] {
  return [form, { ...form, via: form.via === 'plain' ? 'reversed' : `${form.via} reversed`, pattern: reversed(form.pattern), step: -1 }];
}

/** Letters and digits moved round; the table leads back. */
function shiftedForm(via: string, marker: string, letters: (value: number) => number, digits: (value: number) => number): MarkerForm {
  const there = new Uint8Array(128);
  const back = new Uint8Array(128);
  for (let value = 0; value < 26; value += 1) {
    there[0x61 + value] = 0x61 + letters(value);
    back[0x61 + letters(value)] = 0x61 + value;
  }
  for (let value = 0; value < 10; value += 1) {
    there[0x30 + value] = 0x30 + digits(value);
    back[0x30 + digits(value)] = 0x30 + value;
  }
  const pattern = String.fromCharCode(...codesOf(marker.toLowerCase()).map((code) => there[code] ?? 0));
  return { via, pattern, step: 1, open: readMapped(back, marker.length) };
}

function numberForms(via: string, marker: string, radix: number, width: number, separators: readonly string[]): readonly MarkerForm[] {
  return separators.flatMap((separator) =>
    casings(marker).map((text): MarkerForm => {
      const pattern = codesOf(text)
        .map((code) => code.toString(radix).padStart(width, '0'))
        .join(separator);
      return { via, pattern, step: 1, open: readDigits(radix, width, separator, pattern.length) };
    }),
  );
}

/**
 * A marker that starts `offset` bytes behind the start of a group, in symbols of `width` bits: only the symbols that it alone decides.
 * In base64 a letter, a digit and a hyphen never give one of the two symbols that are no letters or digits, so dropping them costs nothing.
 */
function packedForms(via: string, marker: string, alphabet: string, width: number): readonly MarkerForm[] {
  const offsets = width === 6 ? [0, 1, 2] : [0, 1, 2, 3, 4];
  return offsets.flatMap((offset) =>
    casings(marker).map((text): MarkerForm => {
      const bits =
        '0'.repeat(8 * offset) +
        codesOf(text)
          .map((code) => code.toString(2).padStart(8, '0'))
          .join('');
      const first = Math.ceil((8 * offset) / width);
      let pattern = '';
      for (let i = first; (i + 1) * width <= bits.length; i += 1) pattern += alphabet.charAt(parseInt(bits.slice(i * width, (i + 1) * width), 2));
      return { via, pattern, step: 1, open: readPacked(alphabet, width, bits.length - first * width) };
    }),
  );
}

function decimalForms(marker: string): readonly MarkerForm[] {
  return casings(marker).map((text): MarkerForm => {
    const pattern = codesOf(text).join('');
    return { via: 'decimal', pattern, step: 1, open: readDecimal(pattern.length) };
  });
}

function reversedPairForms(marker: string): readonly MarkerForm[] {
  return casings(marker).map((text): MarkerForm => {
    const pattern = codesOf(reversed(text))
      .map((code) => code.toString(16))
      .join('');
    // Read against the tape: the first character in the order of reading is the last one, the low digit of the marker's first byte.
    const open = readReversedPairs(marker.length);
    return { via: 'hex reversed', pattern, step: -1, open: (tape, first, step, turn) => open(tape, first - 1, step, turn) };
  });
}

function spokenForms(marker: string): readonly MarkerForm[] {
  const lower = marker.toLowerCase();
  const word = (letter: string): string => DIGIT_WORDS[Number(letter)] ?? letter;
  const name = (letter: string): string => LETTER_WORDS[letter.charCodeAt(0) - 0x61] ?? word(letter);
  const spelled = Array.from(lower, word).join('');
  const named = Array.from(lower, name).join('');
  const alpha = named.replaceAll('alfa', 'alpha');
  return [
    { via: 'spelled digits', pattern: spelled, step: 1, open: readWords(DIGIT_CODES, true, spelled.length) },
    ...[...new Set([named, alpha, named.replaceAll('juliett', 'juliet')])].map((pattern): MarkerForm => ({
      via: 'spelling alphabet',
      pattern,
      step: 1,
      open: readWords(SPELLING_CODES, false, pattern.length),
    })),
  ];
}

const same = (value: number): number => value;

/** The forms that are looked for on the skeleton, the likeliest first. */
export function skeletonForms(marker: string): readonly MarkerForm[] {
  const rotations = Array.from({ length: 25 }, (_, i) => shiftedForm(`rot${String(i + 1)}`, marker, (value) => (value + i + 1) % 26, same));
  return [
    ...bothWays(shiftedForm('plain', marker, same, same)),
    ...rotations,
    shiftedForm(
      'rot18',
      marker,
      (value) => (value + 13) % 26,
      (value) => (value + 5) % 10,
    ),
    ...bothWays(shiftedForm('atbash', marker, (value) => 25 - value, same)),
    ...numberForms('hex', marker, 16, 2, HEX_SEPARATORS).flatMap(bothWays),
    ...reversedPairForms(marker),
    ...decimalForms(marker),
    ...numberForms('decimal', marker, 10, 3, ['']),
    ...numberForms('octal', marker, 8, 3, ['', '0', 'o', '0o']),
    ...numberForms('binary', marker, 2, 8, ['', '0b']).flatMap(bothWays),
    ...numberForms('binary', marker, 2, 7, ['']).flatMap(bothWays),
    ...BASE32.flatMap((alphabet) => packedForms('base32', marker, alphabet, 5)).flatMap(bothWays),
    ...spokenForms(marker),
  ];
}

/** The forms that need the case of letters. */
export function caseForms(marker: string): readonly MarkerForm[] {
  return packedForms('base64', marker, BASE64, 6).flatMap(bothWays);
}

/** The form on the folded skeleton. */
export function foldedForms(marker: string): readonly MarkerForm[] {
  const identity = Uint8Array.from({ length: 128 }, (_, code) => code);
  return [{ via: 'leet', pattern: foldLookalikes(marker.toLowerCase()), step: 1, open: readMapped(identity, marker.length) }];
}
