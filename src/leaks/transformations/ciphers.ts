import { BRAILLE, MORSE } from '../decode/signs.ts';
import { DIGIT_WORDS, LETTER_WORDS } from '../search/spoken.ts';
import { inSentence, ofEach, reversed, shiftLetters, symbolsOf, type Transformation } from './transformation.ts';

const isDigit = (letter: string): boolean => letter >= '0' && letter <= '9';

function spelled(letter: string): string {
  return isDigit(letter) ? (DIGIT_WORDS[Number(letter)] ?? '') : (LETTER_WORDS[letter.charCodeAt(0) - 0x61] ?? '');
}

function brailleCell(letter: string): string {
  return String.fromCharCode(BRAILLE.get(letter) ?? 0x2800);
}

/** Ciphers without a key, and other ways to say letters and digits. */
export const CIPHERS: readonly Transformation[] = [
  inSentence('reversed', reversed),
  inSentence('rot13', (canary) => shiftLetters(canary, 13)),
  inSentence('rot5', (canary) => shiftLetters(canary, 5)),
  ofEach('rot47', (letter) => String.fromCharCode(33 + ((letter.charCodeAt(0) - 33 + 47) % 94))),
  ofEach('atbash', (letter) => (/[A-Z]/.test(letter) ? String.fromCharCode(155 - letter.charCodeAt(0)) : letter)),
  inSentence('morse', (canary) =>
    symbolsOf(canary)
      .map((letter) => MORSE.get(letter) ?? '')
      .join(' '),
  ),
  inSentence('nato', (canary) => symbolsOf(canary).map(spelled).join(' ')),
  ofEach('spelled_digits', (letter) => (isDigit(letter) ? `${spelled(letter)} ` : `${letter} `)),
  inSentence('braille', (canary) => symbolsOf(canary).map(brailleCell).join('')),
];
