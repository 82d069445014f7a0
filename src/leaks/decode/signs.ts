import { type DecodingBudget, type DerivedText, spend } from './derived-text.ts';

/** Dots of a Braille cell for a to z: bit i is dot i + 1. */
const BRAILLE_LETTERS = [1, 3, 9, 25, 17, 11, 27, 19, 10, 26, 5, 7, 13, 29, 21, 15, 31, 23, 14, 30, 37, 39, 58, 45, 61, 53];
/** 0 to 9 as lower cells (Nemeth, computer Braille). */
const BRAILLE_DIGITS = [52, 2, 6, 18, 50, 34, 22, 54, 38, 20];
const NUMBER_SIGN = 60;

export const BRAILLE: ReadonlyMap<string, number> = new Map([
  ...BRAILLE_LETTERS.map((cell, i): [string, number] => [String.fromCharCode(0x61 + i), 0x2800 + cell]),
  ...BRAILLE_DIGITS.map((cell, i): [string, number] => [String(i), 0x2800 + cell]),
]);
const FROM_BRAILLE = new Map(Array.from(BRAILLE, ([letter, point]) => [point, letter] as const));

const MORSE_LETTERS = '.- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..- ...- .-- -..- -.-- --..'.split(' ');
const MORSE_DIGITS = '----- .---- ..--- ...-- ....- ..... -.... --... ---.. ----.'.split(' ');

/** Morse code (ITU-R M.1677) of small letters and digits. */
export const MORSE: ReadonlyMap<string, string> = new Map([
  ...MORSE_LETTERS.map((code, i): [string, string] => [String.fromCharCode(0x61 + i), code]),
  ...MORSE_DIGITS.map((code, i): [string, string] => [String(i), code]),
]);
const FROM_MORSE = new Map(Array.from(MORSE, ([letter, code]) => [code, letter] as const));
const MIN_SIGNS = 19;
/** Signs in rows with white space, slashes or bars between them; each character belongs to one class, so the search is linear. */
const MORSE_RUN = /[.\-\u00b7\u2022\u2010-\u2015\u2212_][.\-\u00b7\u2022\u2010-\u2015\u2212_\s/|]{36,}/g;

/** Texts in Braille; a number sign turns the letters a to j that follow into digits. */
export function* brailleTexts(text: string, budget: DecodingBudget): Generator<DerivedText> {
  if (!/[\u2800-\u28ff]/.test(text) || !spend(budget, text.length)) return;
  let plain = '';
  let numbers = false;
  let start = -1;
  let end = 0;
  for (let i = 0; i < text.length; i += 1) {
    const cell = text.charCodeAt(i) - 0x2800;
    if (cell < 0 || cell > 255) continue;
    if (start < 0) start = i;
    end = i + 1;
    const letter = FROM_BRAILLE.get(0x2800 + (cell & 63)) ?? '';
    if ((cell & 63) === NUMBER_SIGN) numbers = true;
    else if (numbers && letter >= 'a' && letter <= 'j') plain += String((letter.charCodeAt(0) - 0x60) % 10);
    else {
      numbers = false;
      plain += letter;
    }
  }
  if (plain.length >= MIN_SIGNS) yield { via: 'braille', text: plain, start, end };
}

/** Texts in Morse code. */
export function* morseTexts(text: string, budget: DecodingBudget): Generator<DerivedText> {
  for (const match of text.matchAll(MORSE_RUN)) {
    if (!spend(budget, match[0].length)) return;
    const signs = match[0]
      .replaceAll(/[\u00b7\u2022]/g, '.')
      .replaceAll(/[\u2010-\u2015\u2212_]/g, '-')
      .split(/[\s/|]+/);
    if (signs.length < MIN_SIGNS) continue;
    const plain = signs.map((sign) => FROM_MORSE.get(sign) ?? '').join('');
    yield { via: 'morse', text: plain, start: match.index, end: match.index + match[0].length };
  }
}

/** Every visible ASCII character moved by 47 places. */
export function* rot47Text(text: string, budget: DecodingBudget): Generator<DerivedText> {
  if (!spend(budget, text.length)) return;
  const bytes = Buffer.from(text, 'latin1');
  for (let i = 0; i < bytes.length; i += 1) {
    const code = bytes[i] ?? 0;
    // Other characters were cut to one byte: a blank in their place.
    if (text.charCodeAt(i) > 0x7e) bytes[i] = 0x20;
    else if (code >= 33) bytes[i] = 33 + ((code - 33 + 47) % 94);
  }
  yield { via: 'rot47', text: bytes.toString('latin1'), start: 0, end: text.length };
}
