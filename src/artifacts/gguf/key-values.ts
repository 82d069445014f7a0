import { GgufFault } from './cursor.ts';
import type { Cursor } from './cursor.ts';
import { clip } from '../safetensors/header-visitor.ts';

/** Types of values; arrays and strings have no fixed size. */
const TYPE_BYTES = new Map([
  [0, 1],
  [1, 1],
  [2, 2],
  [3, 2],
  [4, 4],
  [5, 4],
  [6, 4],
  [7, 1],
  [10, 8],
  [11, 8],
  [12, 8],
]);
const U32 = 4;
const STRING = 8;
const ARRAY = 9;

const MAX_KEY_BYTES = 65_535;
/** Limit of llama.cpp for strings and arrays. */
const MAX_LENGTH = 2 ** 30;
/** Real files have some hundred. */
const MAX_KEYS = 100_000;
/** Longer strings are judged by their beginning. */
const MAX_TEXT_BYTES = 1024 * 1024;
/** Arrays with more strings are vocabularies, whatever they are called. */
const MAX_JUDGED_STRINGS = 10_000;
const MAX_TOKEN_BYTES = 12;
const STRINGS_BETWEEN_SIGNALS = 65_536;

export interface KeyVisitor {
  /** A key that no loader should accept, although the rest can be read. */
  problem(offset: number, reason: string): void;
  /** A text: of a key, or of one element of a short array. `bytes` is its whole length. */
  text(key: string, text: string, offset: number, bytes: number): void;
  /** A token `<0x...>` that is no byte. */
  byteToken(token: string, offset: number): void;
  readonly signal: AbortSignal;
}

/** Reads `count` keys and answers the alignment. Throws GgufFault where it cannot go on. */
export function readKeys(cursor: Cursor, count: number, visitor: KeyVisitor): bigint {
  if (count > MAX_KEYS) throw new GgufFault(cursor.position, `${String(count)} keys; no real file has more than ${String(MAX_KEYS)}`);
  const seen = new Set<string>();
  let alignment = 32n;
  for (let i = 0; i < count; i++) {
    if (i % 1024 === 0) visitor.signal.throwIfAborted();
    const offset = cursor.position;
    const length = cursor.count(1, 'the length of a key');
    if (length === 0) visitor.problem(offset, 'an empty key');
    if (length > MAX_KEY_BYTES) visitor.problem(offset, `a key of ${String(length)} bytes; the limit is ${String(MAX_KEY_BYTES)}`);
    const key = readText(cursor, length, MAX_KEY_BYTES + 1);
    if (seen.has(key)) visitor.problem(offset, `the key "${clip(key)}" stands twice`);
    seen.add(key);
    const type = cursor.u32();
    if (key === 'general.alignment') alignment = readAlignment(cursor, type);
    else readValue(cursor, key, type, visitor);
  }
  return alignment;
}

/** Padding to it is computed with its bits, so it must be a power of two; llama.cpp has no upper limit. */
const MAX_ALIGNMENT = 1024 * 1024;

function readAlignment(cursor: Cursor, type: number): bigint {
  const at = cursor.position;
  if (type !== U32) throw new GgufFault(at, `general.alignment has type ${String(type)} instead of u32`);
  const value = cursor.u32();
  if (value === 0 || (value & (value - 1)) !== 0) throw new GgufFault(at, `general.alignment is ${String(value)}, which is no power of two`);
  if (value > MAX_ALIGNMENT) throw new GgufFault(at, `general.alignment is ${String(value)}; no file needs more than ${String(MAX_ALIGNMENT)}`);
  return BigInt(value);
}

function readValue(cursor: Cursor, key: string, type: number, visitor: KeyVisitor): void {
  const at = cursor.position;
  const size = TYPE_BYTES.get(type);
  if (size !== undefined) return cursor.skip(size);
  if (type === ARRAY) return readArray(cursor, key, visitor);
  if (type !== STRING) throw new GgufFault(at - 4, `"${clip(key)}" has the unknown type ${String(type)}`);
  const length = stringLength(cursor);
  const start = cursor.position;
  visitor.text(key, readText(cursor, length, MAX_TEXT_BYTES), start, length);
}

function readArray(cursor: Cursor, key: string, visitor: KeyVisitor): void {
  const at = cursor.position;
  const type = cursor.u32();
  const size = TYPE_BYTES.get(type);
  if (size === undefined && type !== STRING)
    throw new GgufFault(at, `"${clip(key)}" is an array of ${type === ARRAY ? 'arrays' : `the unknown type ${String(type)}`}`);
  const count = cursor.count(size ?? 8, `the number of elements of "${clip(key)}"`);
  if (count > MAX_LENGTH) throw new GgufFault(at, `"${clip(key)}" has ${String(count)} elements`);
  if (size !== undefined) return cursor.skip(count * size);
  for (let i = 0; i < count; i++) {
    if (i % STRINGS_BETWEEN_SIGNALS === 0) visitor.signal.throwIfAborted();
    const length = stringLength(cursor);
    const start = cursor.position;
    if (key.endsWith('.tokens')) judgeToken(cursor, length, start, visitor);
    else if (count <= MAX_JUDGED_STRINGS) visitor.text(key, readText(cursor, length, MAX_TEXT_BYTES), start, length);
    else cursor.skip(length);
  }
}

function stringLength(cursor: Cursor): number {
  const at = cursor.position;
  const length = cursor.count(1, 'the length of a string');
  if (length > MAX_LENGTH) throw new GgufFault(at, `a string of ${String(length)} bytes`);
  return length;
}

/** Byte tokens are `<0x00>` to `<0xFF>`; loaders take the number out of the text and use it as an index. */
function judgeToken(cursor: Cursor, length: number, start: number, visitor: KeyVisitor): void {
  if (length < 4 || length > MAX_TOKEN_BYTES) return cursor.skip(length);
  const token = cursor.bytes(length).toString('latin1');
  if (token.startsWith('<0x') && token.endsWith('>') && !/^<0x[0-9A-Fa-f]{2}>$/.test(token)) visitor.byteToken(token, start);
}

function readText(cursor: Cursor, length: number, limit: number): string {
  const kept = Math.min(length, limit);
  const text = cursor.bytes(kept).toString('utf8');
  cursor.skip(length - kept);
  return text;
}
