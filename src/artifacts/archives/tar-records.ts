import { isTarHeader } from '../scan/sniff.ts';

export const BLOCK = 512;

/** A header of POSIX ustar, GNU tar or old tar (IEEE 1003.1, pax interchange format). */
export interface TarHeader {
  readonly name: string;
  /** Bytes of data; Infinity when the number is too large. */
  readonly size: number;
  readonly type: string;
  readonly link: string;
}

/** The header in a block, or null when its checksum is wrong. */
export function tarHeader(block: Buffer): TarHeader | null {
  if (!isTarHeader(block)) return null;
  const ustar = block.toString('latin1', 257, 262) === 'ustar';
  // GNU tar has times in the place of the prefix.
  const prefix = ustar && block[262] === 0 ? field(block, 345, 155) : '';
  const name = field(block, 0, 100);
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    size: tarNumber(block.subarray(124, 136)),
    type: String.fromCharCode(block[156] ?? 0),
    link: field(block, 157, 100),
  };
}

function field(block: Buffer, at: number, length: number): string {
  const bytes = block.subarray(at, at + length);
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? length : end);
}

/** Octal digits, or binary when the first bit is set (GNU). NaN is Infinity: nothing that long is there. */
function tarNumber(bytes: Buffer): number {
  const first = bytes[0] ?? 0;
  if ((first & 0x80) !== 0) {
    let value = BigInt(first & 0x7f);
    for (const byte of bytes.subarray(1)) value = (value << 8n) | BigInt(byte);
    return value > BigInt(Number.MAX_SAFE_INTEGER) ? Infinity : Number(value);
  }
  const digits = /^ *([0-7]{0,12})[ \0]*$/.exec(bytes.toString('latin1'))?.[1];
  if (digits === undefined) return Infinity;
  return digits === '' ? 0 : Number.parseInt(digits, 8);
}

const MAX_PAX_RECORDS = 1000;

/** Records `length key=value\n` of a pax header; what is no record ends them, `broken` says so. */
export function paxRecords(bytes: Buffer): { readonly records: ReadonlyMap<string, string>; readonly broken: boolean } {
  const records = new Map<string, string>();
  let at = 0;
  for (let count = 0; at < bytes.length && count < MAX_PAX_RECORDS; count++) {
    const space = bytes.indexOf(0x20, at);
    const digits = space < 0 || space - at > 12 ? '' : bytes.toString('latin1', at, space);
    const length = /^[0-9]+$/.test(digits) ? Number(digits) : 0;
    if (length < space - at + 3 || at + length > bytes.length) return { records, broken: bytes.subarray(at).some((byte) => byte !== 0) };
    const record = bytes.toString('utf8', space + 1, at + length - 1);
    const equals = record.indexOf('=');
    if (equals > 0) records.set(record.slice(0, equals), record.slice(equals + 1));
    at += length;
  }
  return { records, broken: false };
}
