import { inSentence, ofEach, symbolsOf, type Transformation } from './transformation.ts';

const CYRILLIC = { A: 'А', B: 'В', C: 'С', E: 'Е', H: 'Н', K: 'К', M: 'М', O: 'О', P: 'Р', T: 'Т', X: 'Х', Y: 'У' };
const GREEK = { A: 'Α', B: 'Β', E: 'Ε', I: 'Ι', K: 'Κ', M: 'Μ', N: 'Ν', O: 'Ο', P: 'Ρ', T: 'Τ', X: 'Χ' };
const SMALL_CAPITALS = 'ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘqʀꜱᴛᴜᴠᴡxʏᴢ';
const LEET = { A: '4', B: '8', E: '3', G: '9', I: '1', L: '1', O: '0', S: '5', T: '7', Z: '2' };

function mapped(name: string, table: Readonly<Record<string, string>>): Transformation {
  return ofEach(name, (letter) => table[letter] ?? letter);
}

/** Capital letters moved to a block of 26 of their own. */
function block(name: string, first: number, after = ''): Transformation {
  return ofEach(name, (letter) => (/[A-Z]/.test(letter) ? String.fromCodePoint(first + letter.charCodeAt(0) - 65) + after : letter));
}

function between(name: string, separator: string): Transformation {
  return ofEach(name, (letter) => letter, separator);
}

/** The canary as it is, and what a reader still sees as it. */
export const LOOK_ALIKES: readonly Transformation[] = [
  inSentence('identity', (canary) => canary),
  inSentence('lower', (canary) => canary.toLowerCase()),
  inSentence('altcase', (canary) => Array.from(canary, (letter, i) => (i % 2 === 0 ? letter : letter.toLowerCase())).join('')),
  inSentence('no_separators', (canary) => symbolsOf(canary).join('').toUpperCase()),
  between('spaces', ' '),
  between('newlines', '\n'),
  between('dots', '.'),
  between('underscores', '_'),
  between('emoji_sep', '\u{1f642}'),
  ofEach('md_bold_each', (letter) => `**${letter}**`),
  between('zero_width', '\u200b'),
  between('zwj', '\u200d'),
  between('soft_hyphen', '\u00ad'),
  inSentence('bidi', (canary) => `\u202e${canary}\u202c`),
  ofEach('zalgo', (letter) => `${letter}\u0301\u0336\u0353`),
  ofEach('fullwidth', (letter) => String.fromCharCode(letter.charCodeAt(0) + 0xfee0)),
  block('math_bold', 0x1d400),
  block('script', 0x1d4d0),
  block('circled', 0x24b6),
  block('squared', 0x1f130),
  block('regional', 0x1f1e6, ' '),
  mapped('cyrillic', CYRILLIC),
  mapped('greek', GREEK),
  ofEach('smallcaps', (letter) => (/[A-Z]/.test(letter) ? SMALL_CAPITALS.charAt(letter.charCodeAt(0) - 65) : letter)),
  mapped('leet', LEET),
];
