import { isUtf8 } from 'node:buffer';
import type { ByteSource } from '../bytes/byte-source.ts';

/** A local file header (APPNOTE 4.3.7). Sizes as the header states them, with zip64 applied; `dataAt` is where the data begins. */
export interface LocalHeader {
  readonly offset: number;
  readonly version: number;
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
  readonly name: Buffer;
  readonly extra: Buffer;
  readonly dataAt: number;
}

export const LOCAL_SIZE = 30;
/** Name and extra fields of nearly all members, so that one read is enough: archives have thousands. */
const USUAL_NAME = 160;
const METHODS = new Set([0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 12, 14, 16, 18, 19, 20, 93, 94, 95, 96, 97, 98, 99]);

/** The local header at a place, or null when the bytes there are none: beyond the marks, its fields must make sense. */
export function localHeaderAt(source: ByteSource, offset: number): LocalHeader | null {
  const header = parseLocal(source, offset);
  if (header === null || header.name.length === 0 || header.name.length > 4096) return null;
  if ((header.version & 0xff) > 100 || !METHODS.has(header.method)) return null;
  for (const byte of header.name) if (byte < 0x20 || byte === 0x7f) return null;
  return header;
}

/** The same without a look at the values, for a place that a central directory names. */
export function parseLocal(source: ByteSource, offset: number): LocalHeader | null {
  const head = source.read(offset, LOCAL_SIZE + USUAL_NAME);
  if (head.length < LOCAL_SIZE || head.readUInt32LE(0) !== 0x04034b50) return null;
  const nameLength = head.readUInt16LE(26);
  const extraLength = head.readUInt16LE(28);
  const dataAt = offset + LOCAL_SIZE + nameLength + extraLength;
  if (dataAt > source.size) return null;
  const together = nameLength + extraLength;
  const rest = together <= USUAL_NAME ? head.subarray(LOCAL_SIZE, LOCAL_SIZE + together) : source.read(offset + LOCAL_SIZE, together);
  const extra = rest.subarray(nameLength);
  const sizes = withZip64(extra, [head.readUInt32LE(22), head.readUInt32LE(18)]);
  return {
    offset,
    version: head.readUInt16LE(4),
    flags: head.readUInt16LE(6),
    method: head.readUInt16LE(8),
    crc: head.readUInt32LE(14),
    size: sizes[0] ?? 0,
    packed: sizes[1] ?? 0,
    name: rest.subarray(0, nameLength),
    extra,
    dataAt,
  };
}

const MAX = 0xffffffff;

/** Replaces values of all ones by those of the zip64 extra field (4.5.3), in its order. What is too large for a number becomes Infinity. */
function withZip64(extra: Buffer, values: readonly number[]): number[] {
  const field = extraField(extra, 0x0001);
  let at = 0;
  return values.map((value) => {
    if (value !== MAX || field === null || at + 8 > field.length) return value;
    at += 8;
    return bigToNumber(field.readBigUInt64LE(at - 8));
  });
}

export function bigToNumber(value: bigint): number {
  return value > BigInt(Number.MAX_SAFE_INTEGER) ? Infinity : Number(value);
}

export function extraField(extra: Buffer, id: number): Buffer | null {
  for (let at = 0; at + 4 <= extra.length;) {
    const length = extra.readUInt16LE(at + 2);
    if (extra.readUInt16LE(at) === id) return extra.subarray(at + 4, Math.min(at + 4 + length, extra.length));
    at += 4 + length;
  }
  return null;
}

/** An entry of the central directory (4.3.12), with zip64 applied. `headerAt` is as stated, relative to the archive. */
export interface CentralEntry {
  readonly at: number;
  readonly madeBy: number;
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
  readonly name: Buffer;
  readonly extra: Buffer;
  readonly disk: number;
  readonly attributes: number;
  readonly headerAt: number;
  /** Behind the entry. */
  readonly end: number;
}

const CENTRAL_SIZE = 46;

export function centralEntryAt(source: ByteSource, at: number): CentralEntry | null {
  const head = source.read(at, CENTRAL_SIZE);
  if (head.length < CENTRAL_SIZE || head.readUInt32LE(0) !== 0x02014b50) return null;
  const [nameLength, extraLength, commentLength] = [head.readUInt16LE(28), head.readUInt16LE(30), head.readUInt16LE(32)];
  const rest = source.read(at + CENTRAL_SIZE, nameLength + extraLength);
  const end = at + CENTRAL_SIZE + nameLength + extraLength + commentLength;
  if (rest.length < nameLength + extraLength || end > source.size) return null;
  const extra = rest.subarray(nameLength);
  const wide = withZip64(extra, [head.readUInt32LE(24), head.readUInt32LE(20), head.readUInt32LE(42)]);
  return {
    at,
    madeBy: head.readUInt16LE(4),
    flags: head.readUInt16LE(8),
    method: head.readUInt16LE(10),
    crc: head.readUInt32LE(16),
    size: wide[0] ?? 0,
    packed: wide[1] ?? 0,
    headerAt: wide[2] ?? 0,
    name: rest.subarray(0, nameLength),
    extra,
    disk: head.readUInt16LE(34),
    attributes: head.readUInt32LE(38),
    end,
  };
}

/**
 * Bytes that a data descriptor (4.3.9) takes at a place: 12 to 24, with or without its mark, with 4 or 8 bytes a size; 0 when none
 * that says so many packed bytes is there.
 */
export function descriptorLength(source: ByteSource, at: number, crc: number, packed: number): number {
  const bytes = source.read(at, 24);
  for (const mark of [4, 0]) {
    if (mark === 4 && (bytes.length < 4 || bytes.readUInt32LE(0) !== 0x08074b50)) continue;
    if (mark === 0 && (bytes.length < 4 || bytes.readUInt32LE(0) !== crc)) continue;
    const at32 = mark + 4;
    if (bytes.length >= at32 + 16 && bigToNumber(bytes.readBigUInt64LE(at32)) === packed) return at32 + 16;
    if (bytes.length >= at32 + 8 && bytes.readUInt32LE(at32) === packed) return at32 + 8;
  }
  return 0;
}

/** Names are UTF-8 or code page 437; what is no UTF-8 is shown as Latin-1, which keeps names apart. */
export function nameText(name: Buffer): string {
  return name.toString(isUtf8(name) ? 'utf8' : 'latin1');
}
