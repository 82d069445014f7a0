/** Where the value of one member of a JSON object lies: bytes [start, end). */
export interface MemberSpan {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function skipSpace(bytes: Buffer, from: number): number {
  let i = from;
  while (isSpace(bytes[i])) i += 1;
  return i;
}

/** The position after the string that begins at `from`. */
function skipString(bytes: Buffer, from: number): number {
  let close = from;
  for (;;) {
    close = bytes.indexOf(QUOTE, close + 1);
    if (close < 0) return bytes.length;
    let slashes = 0;
    while (bytes[close - 1 - slashes] === BACKSLASH) slashes += 1;
    if (slashes % 2 === 0) return close + 1;
  }
}

/** The position of the comma or brace that ends the value at `from`. */
function skipValue(bytes: Buffer, from: number): number {
  let depth = 0;
  let i = from;
  while (i < bytes.length) {
    const byte = bytes[i];
    if (byte === QUOTE) {
      i = skipString(bytes, i);
      continue;
    }
    if (byte === 0x7b || byte === 0x5b) depth += 1;
    else if (byte === 0x7d || byte === 0x5d) {
      if (depth === 0) return i;
      depth -= 1;
    } else if (byte === COMMA && depth === 0) return i;
    i += 1;
  }
  return i;
}

/**
 * The members of a JSON object, in order, by their places in its bytes. The bytes must be a valid JSON object
 * (JSON.parse accepted them); nothing is copied and no value is decoded.
 */
export function jsonMembers(bytes: Buffer): readonly MemberSpan[] {
  const members: MemberSpan[] = [];
  let i = skipSpace(bytes, bytes.indexOf(0x7b) + 1);
  while (bytes[i] === QUOTE) {
    const afterName = skipString(bytes, i);
    const name = JSON.parse(bytes.toString('utf8', i, afterName)) as string;
    const colon = skipSpace(bytes, afterName);
    if (bytes[colon] !== COLON) break;
    const start = skipSpace(bytes, colon + 1);
    const stop = skipValue(bytes, start);
    let end = stop;
    while (end > start && isSpace(bytes[end - 1])) end -= 1;
    members.push({ name, start, end });
    if (bytes[stop] !== COMMA) break;
    i = skipSpace(bytes, stop + 1);
  }
  return members;
}
