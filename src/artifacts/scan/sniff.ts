import { isUtf8 } from 'node:buffer';
import type { ByteSource } from '../bytes/byte-source.ts';
import { isLzma } from '../archives/unlzma.ts';
import { nativeCodeAt } from './native-code.ts';
import { isPickle } from '../pickle/loadable.ts';

/** What bytes are by their first and last ones (reference, section 4). */
export type Content =
  | 'pickle'
  | 'zip'
  | '7z'
  | 'gzip'
  | 'bzip2'
  | 'xz'
  | 'zlib'
  | 'zstd'
  | 'lz4'
  | 'lzma'
  | 'rar'
  | 'tar'
  | 'npy'
  | 'hdf5'
  | 'safetensors'
  | 'gguf'
  | 'native'
  | 'script'
  | 'image'
  | 'media'
  | 'document'
  | 'text';

const MAGICS: readonly (readonly [Content, string])[] = [
  ['zip', '504b0304'],
  ['zip', '504b0506'],
  ['7z', '377abcaf271c'],
  ['gzip', '1f8b08'],
  ['bzip2', '425a68'],
  ['xz', 'fd377a585a00'],
  ['zstd', '28b52ffd'],
  ['lz4', '04224d18'],
  ['rar', '526172211a07'],
  ['npy', '934e554d5059'],
  ['hdf5', '894844460d0a1a0a'],
  ['gguf', '47475546'],
  ['image', '89504e470d0a1a0a'],
  ['image', 'ffd8ff'],
  ['image', '47494638'],
  ['image', '49492a00'],
  ['image', '4d4d002a'],
  ['document', '255044462d'],
  ['media', '4f676753'],
  ['media', '664c6143'],
  ['media', '494433'],
  ['media', '774f4646'],
  ['media', '774f4632'],
  ['media', '0001000000'],
  ['media', '4f54544f'],
  ['media', '1a45dfa3'],
  ['document', '50415231'],
  ['document', '4152524f5731'],
];
const PREFIXES = MAGICS.map(([content, hex]) => [content, Buffer.from(hex, 'hex')] as const);

/** The first byte tells nearly always, and is asked for each member of large archives. */
const startsWith = (head: Buffer, prefix: Buffer): boolean =>
  head[0] === prefix[0] && head.length >= prefix.length && head.compare(prefix, 0, prefix.length, 0, prefix.length) === 0;

/** What bytes are, or null when they are nothing that is known. `head` holds the first 4 KiB. */
export function sniff(head: Buffer, source: ByteSource): Content | null {
  for (const [content, prefix] of PREFIXES) if (startsWith(head, prefix)) return content;
  if (head.toString('latin1', 0, 4) === 'RIFF') return head.toString('latin1', 8, 12) === 'WEBP' ? 'image' : 'media';
  if (head.toString('latin1', 4, 8) === 'ftyp') return 'media';
  if (nativeCodeAt(source, 0) !== null) return 'native';
  if (isTarHeader(head)) return 'tar';
  if (isLzma(head)) return 'lzma';
  if (isSafetensors(head, source.size)) return 'safetensors';
  if (isZlib(head)) return 'zlib';
  if (isPickle(source)) return 'pickle';
  if (isText(head)) return head.toString('latin1', 0, 2) === '#!' ? 'script' : 'text';
  return null;
}

/** A tar header whose checksum is right: the sum of all its bytes with the field itself as spaces, in octal at 148. */
export function isTarHeader(head: Buffer): boolean {
  if (head.length < 512) return false;
  const stated = /^ *([0-7]{1,7})[ \0]*$/.exec(head.toString('latin1', 148, 156))?.[1];
  if (stated === undefined || head[0] === 0) return false;
  let sum = 8 * 0x20;
  for (let i = 0; i < 512; i++) if (i < 148 || i >= 156) sum += head[i] ?? 0;
  return sum === Number.parseInt(stated, 8);
}

function isSafetensors(head: Buffer, size: number): boolean {
  return head.length >= 10 && head[8] === 0x7b && head.readBigUInt64LE(0) <= BigInt(size - 8);
}

/** Method 8, window of 32 KiB or less, no dictionary, check bits right (RFC 1950). Two bytes are little: who unpacks it looks again. */
export function isZlib(head: Buffer): boolean {
  if (head.length < 8) return false;
  const [cmf, flags] = [head[0] ?? 0, head[1] ?? 0];
  return (cmf === 0x78 || cmf === 0x58 || cmf === 0x68) && (flags & 0x20) === 0 && (cmf * 256 + flags) % 31 === 0;
}

/** UTF-8 or a one-byte encoding without control characters that texts do not have. */
export function isText(head: Buffer): boolean {
  if (head.length === 0) return false;
  if (startsWith(head, Buffer.from([0xff, 0xfe])) || startsWith(head, Buffer.from([0xfe, 0xff]))) return true;
  for (const byte of head) if (byte < 0x20 && !(byte >= 0x08 && byte <= 0x0d) && byte !== 0x1b) return false;
  // A character may be cut at the end of the head.
  for (let cut = 0; cut <= 3; cut++) if (isUtf8(head.subarray(0, head.length - cut))) return true;
  return false;
}
