import { CONFUSABLES } from './confusables.ts';

/** What is left of a text for a search: ASCII codes, and where in the text each came from. */
export interface Tape {
  readonly codes: Uint8Array;
  /** Index in the text, UTF-16 units. */
  readonly origin: Int32Array;
  readonly length: number;
}

const UNKNOWN = 0;
const DROPPED = 1;
const SEVERAL = 2;
const PLANES = 0x20000;
/** What each code point of the first two planes becomes; filled as they turn up, because most never do. */
const known = new Uint8Array(PLANES);
/** Ligatures, fractions and units: at most as many as Unicode has. */
const several = new Map<number, readonly number[]>();

/** A small letter or digit, or 0. */
function asciiLetter(code: number): number {
  if (code >= 0x61 && code <= 0x7a) return code;
  if (code >= 0x41 && code <= 0x5a) return code + 32;
  return code >= 0x30 && code <= 0x39 ? code : 0;
}

/** Letters in boxes and circles, and flags, which no normal form takes apart: 26 letters from each of these. */
const BOXED = [0x1f130, 0x1f150, 0x1f170, 0x1f1e6];

function readPoint(point: number): readonly number[] {
  for (const first of BOXED) if (point >= first && point < first + 26) return [0x61 + point - first];
  const codes: number[] = [];
  for (const part of String.fromCodePoint(point).normalize('NFKD')) {
    const code = part.codePointAt(0) ?? 0;
    const letter = code < 0x80 ? asciiLetter(code) : (CONFUSABLES.get(code) ?? 0);
    if (letter !== 0) codes.push(letter);
  }
  return codes;
}

function lookUp(point: number): number {
  // Tags: ASCII that nobody sees.
  if (point >= PLANES) return point >= 0xe0020 && point <= 0xe007e ? asciiLetter(point - 0xe0000) || DROPPED : DROPPED;
  const before = known[point] ?? UNKNOWN;
  if (before !== UNKNOWN) return before;
  // Half a pair names nothing.
  const codes = point >= 0xd800 && point <= 0xdfff ? [] : readPoint(point);
  if (codes.length > 1) several.set(point, codes);
  const found = codes.length > 1 ? SEVERAL : (codes[0] ?? DROPPED);
  known[point] = found;
  return found;
}

/**
 * The skeleton: small ASCII letters and digits only. Compatibility forms are taken apart (NFKD), look-alikes of other scripts, boxed
 * letters, flags and tags become the letter they stand for; marks, invisible characters, separators and all else are dropped.
 */
export function skeletonOf(text: string): Tape {
  let codes = new Uint8Array(text.length + 32);
  let origin = new Int32Array(text.length + 32);
  let length = 0;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) {
      const letter = asciiLetter(unit);
      if (letter === 0) continue;
      codes[length] = letter;
      origin[length] = i;
      length += 1;
      continue;
    }
    const point = text.codePointAt(i) ?? unit;
    const start = i;
    if (point > 0xffff) i += 1;
    const found = lookUp(point);
    if (found === DROPPED) continue;
    const letters = found === SEVERAL ? (several.get(point) ?? []) : [found];
    if (length + letters.length + text.length - i > codes.length) {
      codes = grown(codes, new Uint8Array(codes.length * 2));
      origin = grown(origin, new Int32Array(origin.length * 2));
    }
    for (const letter of letters) {
      codes[length] = letter;
      origin[length] = start;
      length += 1;
    }
  }
  return { codes, origin, length };
}

function grown<T extends Uint8Array | Int32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

/** Letters in their case and digits of ASCII; all else is dropped. */
export function alphanumericsOf(text: string): Tape {
  const codes = new Uint8Array(text.length);
  const origin = new Int32Array(text.length);
  let length = 0;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    if (unit >= 0x80 || asciiLetter(unit) === 0) continue;
    codes[length] = unit;
    origin[length] = i;
    length += 1;
  }
  return { codes, origin, length };
}

/** Where in the text the characters `first` to `last` (inclusive) of a tape stand; the end is exclusive. */
export function spanOf(text: string, { origin }: Tape, first: number, last: number): { readonly start: number; readonly end: number } {
  const end = origin[last] ?? 0;
  return { start: origin[first] ?? 0, end: end + ((text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1) };
}
