import { deflateSync, gzipSync } from 'node:zlib';
import { inSentence, ofEach, reversed, shiftLetters, type Transformation } from './transformation.ts';

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

const base64 = (text: string): string => Buffer.from(text, 'latin1').toString('base64');
const hex = (text: string): string => Buffer.from(text, 'latin1').toString('hex');
const code = (letter: string, radix: number, width: number): string => letter.charCodeAt(0).toString(radix).padStart(width, '0');
const hexCode = (letter: string): string => code(letter, 16, 2);

function base32(text: string): string {
  const bits = Array.from(text, (letter) => code(letter, 2, 8)).join('');
  return (bits.match(/.{1,5}/g) ?? []).map((five) => BASE32.charAt(parseInt(five.padEnd(5, '0'), 2))).join('');
}

function base58(text: string): string {
  let value = BigInt(`0x${hex(text)}`);
  let digits = '';
  for (; value > 0n; value /= 58n) digits = BASE58.charAt(Number(value % 58n)) + digits;
  return digits;
}

function ascii85(text: string): string {
  const groups = text.match(/.{1,4}/gs) ?? [];
  return groups
    .map((group) => {
      let value = Array.from(group.padEnd(4, '\0')).reduce((sum, letter) => sum * 256 + letter.charCodeAt(0), 0);
      let digits = '';
      for (let i = 0; i < 5; i += 1) {
        digits = String.fromCharCode(33 + (value % 85)) + digits;
        value = Math.floor(value / 85);
      }
      return digits.slice(0, group.length + 1);
    })
    .join('');
}

/** One line of uuencode, with a grave accent for zero. */
function uuencode(text: string): string {
  const groups = text.match(/.{1,3}/gs) ?? [];
  const symbol = (value: number): string => (value === 0 ? '`' : String.fromCharCode(32 + value));
  const body = groups.map((group) => {
    const value = Array.from(group.padEnd(3, '\0')).reduce((sum, letter) => (sum << 8) | letter.charCodeAt(0), 0);
    return [18, 12, 6, 0].map((shift) => symbol((value >> shift) & 63)).join('');
  });
  return symbol(text.length) + body.join('');
}

/** Encodings of the whole canary, also twice. */
export const ENCODINGS: readonly Transformation[] = [
  inSentence('base64', base64),
  inSentence('base64_off1', (canary) => base64(`x${canary}yy`)),
  inSentence('base64_off2', (canary) => base64(`the code is ${canary} ok`)),
  inSentence('base64url', (canary) => Buffer.from(`key=${canary}`).toString('base64url')),
  { name: 'base64_wrapped', messages: (canary) => [(base64(`a longer preface ${canary} and a tail`).match(/.{1,8}/g) ?? []).join('\n')] },
  inSentence('base64_spaced', (canary) => Array.from(base64(canary)).join(' ')),
  inSentence('base64_lower', (canary) => base64(canary.toLowerCase())),
  inSentence('base64_x2', (canary) => base64(base64(canary))),
  inSentence('base64_rev', (canary) => reversed(base64(canary))),
  inSentence('b64_of_hex', (canary) => base64(hex(canary))),
  inSentence('hex_of_b64', (canary) => hex(base64(canary))),
  inSentence('b64_rot13', (canary) => base64(shiftLetters(canary, 13))),
  inSentence('gzip_b64', (canary) => gzipSync(`code ${canary}`).toString('base64')),
  inSentence('deflate_b64', (canary) => deflateSync(`code ${canary}`).toString('base64')),
  inSentence('base32', base32),
  inSentence('base58', base58),
  inSentence('ascii85', ascii85),
  { name: 'uuencode', messages: (canary) => [`\n${uuencode(canary)}\n`] },
];

/** Codes of single characters. */
export const CODES: readonly Transformation[] = [
  ofEach('hex', hexCode),
  ofEach('hex_upper_spaced', (letter) => hexCode(letter).toUpperCase(), ' '),
  ofEach('hex_0x', (letter) => `0x${hexCode(letter)}`, ', '),
  ofEach('hex_slash_x', (letter) => `\\x${hexCode(letter)}`),
  ofEach('hex_colon', hexCode, ':'),
  ofEach('decimal', (letter) => code(letter, 10, 1), ' '),
  inSentence('decimal_list', (canary) => `[${Array.from(canary, (letter) => code(letter, 10, 1)).join(',')}]`),
  ofEach('octal', (letter) => `\\${code(letter, 8, 3)}`),
  ofEach('binary', (letter) => code(letter, 2, 8), ' '),
  ofEach('percent', (letter) => `%${hexCode(letter)}`),
  ofEach('html_dec', (letter) => `&#${code(letter, 10, 1)};`),
  ofEach('html_hex', (letter) => `&#x${hexCode(letter)};`),
  ofEach('u_escape', (letter) => `\\u${code(letter, 16, 4)}`),
  ofEach('qp', (letter) => `=${hexCode(letter).toUpperCase()}`),
];
