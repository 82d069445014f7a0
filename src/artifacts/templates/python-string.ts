import { PYTHON_ESCAPES } from '../text/python-escapes.ts';

const HEX_DIGITS = new Map([
  ['x', 2],
  ['u', 4],
  ['U', 8],
]);
const LETTER = /^LATIN (SMALL|CAPITAL) LETTER ([A-Z])$/;
const NAMED = new Map([
  ['LOW LINE', '_'],
  ['SPACING UNDERSCORE', '_'],
  ['FULL STOP', '.'],
  ['SPACE', ' '],
]);

/** A string literal of a template as Jinja reads it (`unicode-escape` of Python): hexadecimal, octal and named escapes; an unknown one stays. */
export function decodePythonString(body: string): string {
  if (!body.includes('\\')) return body;
  let text = '';
  let at = 0;
  while (at < body.length) {
    if (body[at] !== '\\') {
      text += body[at++] ?? '';
      continue;
    }
    const [decoded, length] = decodeEscape(body, at + 1);
    text += decoded;
    at += 1 + length;
  }
  return text;
}

/** Decodes what follows a backslash. Answers the text and how many characters it took. */
function decodeEscape(body: string, at: number): readonly [string, number] {
  const first = body[at] ?? '';
  const simple = PYTHON_ESCAPES.get(first);
  if (simple !== undefined) return [simple, 1];
  const digits = HEX_DIGITS.get(first);
  if (digits !== undefined) {
    const hex = body.slice(at + 1, at + 1 + digits);
    const code = /^[0-9a-fA-F]+$/.test(hex) && hex.length === digits ? Number.parseInt(hex, 16) : -1;
    return code < 0 || code > 0x10ffff ? [`\\${first}`, 1] : [String.fromCodePoint(code), 1 + digits];
  }
  const octal = /^[0-7]{1,3}/.exec(body.slice(at, at + 3))?.[0];
  if (octal !== undefined) return [String.fromCharCode(Number.parseInt(octal, 8)), octal.length];
  const named = first === 'N' ? /^N\{([A-Z0-9 -]{1,80})\}/.exec(body.slice(at, at + 84)) : null;
  if (named !== null) return [namedCharacter(named[1] ?? ''), named[0].length];
  return [`\\${first}`, first.length];
}

function namedCharacter(name: string): string {
  const [, size, letter] = LETTER.exec(name) ?? [];
  if (letter !== undefined) return size === 'SMALL' ? letter.toLowerCase() : letter;
  return NAMED.get(name) ?? '\ufffd';
}
