import { isUtf8 } from 'node:buffer';
import { PYTHON_ESCAPES } from '../text/python-escapes.ts';
import type { ByteWindow } from './byte-window.ts';
import { PICKLE_LIMITS } from './limits.ts';
import type { BytesValue, IntValue, TextValue, Value } from './values.ts';

/** A constant, or a sentence on why it is none. */
export type Decoded<T> = T | string;

const DECIMAL = /^\s*[-+]?[0-9][0-9_]*L?\s*$/;
const RADIX = /^\s*([-+]?)0([xXoObB][0-9a-fA-F_]+)L?\s*$/;
const FLOATING = /^\s*[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?\s*$/;
const NOT_FINITE = /^\s*[-+]?(?:inf|infinity|nan)\s*$/i;

/** Digits of `digits` decimal places, null where the limit is passed. */
export function intFromText(text: string): Decoded<IntValue> {
  if (!DECIMAL.test(text) && !RADIX.test(text)) return 'no integer';
  if (text.length > PICKLE_LIMITS.digits) return { kind: 'int', value: null };
  const plain = text.trim().replace(/L$/, '').replaceAll('_', '');
  const sign = plain.startsWith('-') ? -1n : 1n;
  const magnitude = plain.replace(/^[-+]/, '');
  try {
    return { kind: 'int', value: sign * BigInt(magnitude) };
  } catch {
    return 'no integer';
  }
}

export function floatFromText(text: string): Decoded<Value> {
  return FLOATING.test(text) || NOT_FINITE.test(text) ? { kind: 'float' } : 'no float';
}

/** Little-endian two's complement. */
export function intFromBytes(bytes: Buffer): IntValue {
  if (bytes.length === 0) return { kind: 'int', value: 0n };
  if (bytes.length > 256) return { kind: 'int', value: null };
  const unsigned = BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
  return { kind: 'int', value: BigInt.asIntN(bytes.length * 8, unsigned) };
}

/** A text in UTF-8 (surrogates allowed, as CPython's `surrogatepass`) or in Latin-1. */
export function textAt(window: ByteWindow, at: number, length: number, form: 'utf8' | 'latin1'): Decoded<TextValue> {
  if (length > PICKLE_LIMITS.heldBytes) return { kind: 'text', text: null, at, length, form };
  const bytes = window.at(at, length);
  if (form === 'utf8' && !isUtf8(bytes) && !isUtf8(withoutSurrogates(bytes))) return 'no UTF-8';
  return { kind: 'text', text: bytes.toString(form), at, length, form };
}

export function bytesAt(window: ByteWindow, at: number, length: number): BytesValue {
  return { kind: 'bytes', at, length, bytes: length > PICKLE_LIMITS.heldBytes ? null : Buffer.from(window.at(at, length)) };
}

/** The text of a line: STRING with quotes and Python's escapes, UNICODE with `\u` escapes only. */
export function lineText(window: ByteWindow, at: number, length: number, form: 'quoted' | 'escaped'): Decoded<TextValue> {
  if (length > PICKLE_LIMITS.heldBytes) return { kind: 'text', text: null, at, length, form };
  const text = decodeLine(window.at(at, length).toString('latin1'), form);
  return text === null ? 'not quoted' : { kind: 'text', text, at, length, form };
}

/** The text that a line stands for, or null when its quotes do not fit. */
export function decodeLine(line: string, form: 'quoted' | 'escaped'): string | null {
  if (form === 'escaped')
    return line.replaceAll(/\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})/g, (all, short?: string, long?: string) => codePoint(short ?? long ?? '', all));
  const inner = line.trimEnd();
  const quote = inner[0];
  if (inner.length < 2 || (quote !== "'" && quote !== '"') || inner.at(-1) !== quote) return null;
  return inner.slice(1, -1).replaceAll(/\\(?:x([0-9a-fA-F]{2})|([0-7]{1,3})|([^x]))/gs, (all, hex?: string, octal?: string, other?: string) => {
    if (hex !== undefined) return codePoint(hex, all);
    if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & 0xff);
    return PYTHON_ESCAPES.get(other ?? '') ?? all;
  });
}

function codePoint(hex: string, otherwise: string): string {
  const code = Number.parseInt(hex, 16);
  return code <= 0x10ffff ? String.fromCodePoint(code) : otherwise;
}

/** Surrogates are three bytes: ED, A0 to BF, 80 to BF. They are replaced by three letters. */
function withoutSurrogates(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  for (let i = 0; i + 2 < copy.length; i += 1) {
    if (copy[i] === 0xed && ((copy[i + 1] ?? 0) & 0xe0) === 0xa0 && ((copy[i + 2] ?? 0) & 0xc0) === 0x80) copy.fill(0x61, i, i + 3);
  }
  return copy;
}
