import { constants, gunzipSync, inflateSync } from 'node:zlib';
import { bytesSource, sliceSource, type ByteSource } from '../bytes/byte-source.ts';
import type { Reader, Unit } from '../scan/reader.ts';
import { isZlib, sniff } from '../scan/sniff.ts';
import { COMPRESSED_RULES } from './compressed-rules.ts';
import { packedStream, type Stream } from './decoders.ts';
import { isLzma, lzmaHeader, unlzma } from './unlzma.ts';
import { salvage, unpackStream } from './unpack-stream.ts';

/** The mark of a block, or of the end of a stream without one. */
const BZIP2_MARKS = new Set(['314159265359', '177245385090']);

const NAMED = /\.(?:gz|tgz|zlib|zz|zst|bz2|xz|lz4|lzma)$/i;

/** Streams of one compressed file: gzip, zlib, zstd, bzip2, xz, lz4. What they unpack to is scanned by content (reference, section 8). */
export const COMPRESSED_READER: Reader = {
  format: 'compressed',
  recognizes: (head, { source, name }) => {
    const stream = streamOf(head);
    if (stream === 'lzma') return NAMED.test(name) || beginsLzma(source);
    if (stream === null) return false;
    return (stream !== 'gzip' && stream !== 'zlib') || NAMED.test(name) || unpacks(head, source, stream);
  },
  read: async (unit) => {
    const stream = streamOf(unit.source.read(0, 4096));
    if (stream !== null) await readStream(unit, stream);
  },
};

function streamOf(head: Buffer): Stream | null {
  if (head.length < 6) return null;
  const magic = head.readUInt32BE(0);
  if (magic >>> 8 === 0x1f8b08 && ((head[3] ?? 0xff) & 0xe0) === 0) return 'gzip';
  if (magic === 0x28b52ffd) return 'zstd';
  if (magic === 0x04224d18) return 'lz4';
  if (magic === 0xfd377a58 && head.readUInt16BE(4) === 0x5a00) return 'xz';
  if (/^BZh[1-9]/.test(head.toString('latin1', 0, 4)) && BZIP2_MARKS.has(head.toString('hex', 4, 10))) return 'bzip2';
  if (isLzma(head)) return 'lzma';
  return isZlib(head) ? 'zlib' : null;
}

/** There is no magic number: some of it must unpack. */
function beginsLzma(source: ByteSource): boolean {
  const part = sliceSource(source, 0, 4096);
  const header = lzmaHeader(part.read(0, 18));
  if (header === null) return false;
  let bytes = 0;
  try {
    for (const piece of unlzma(part, header, { at: 0 })) bytes += piece.length;
  } catch {
    return bytes >= 16;
  }
  return bytes > 0;
}

/** Two or three bytes make no format: the beginning must unpack, or unpack to something that is known before it breaks. */
function unpacks(head: Buffer, source: ByteSource, stream: 'gzip' | 'zlib'): boolean {
  try {
    const unpack = stream === 'gzip' ? gunzipSync : inflateSync;
    return unpack(head, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 8 * 1024 * 1024 }).length > 0;
  } catch {
    if (source.size > head.length && stream === 'zlib') return false;
    const bytes = salvage(head, stream);
    if (bytes.length < 8) return false;
    const content = sniff(bytes.subarray(0, 4096), bytesSource(bytes));
    return content !== null && content !== 'text' && content !== 'zlib';
  }
}

async function readStream(unit: Unit, stream: Stream): Promise<void> {
  unit.checked(`unpacked ${stream} stream`);
  const { source } = unit;
  const { unpacked, consumed } = await unpackStream(unit, packedStream(source, stream), source, stream);
  if (unpacked.cut === 'broken') unit.found(COMPRESSED_RULES.broken, null, `${stream}: ${String(unpacked.source.size)} bytes could be unpacked`);
  if (unpacked.cut !== null) unit.notChecked('all of the unpacked bytes', `${stream} stream: ${unpacked.cut}`);
  if (unpacked.source.size > 0) await unit.inside(unpacked.source, innerName(unit.name), 'decoded', null);
  if (unpacked.cut === null && consumed < source.size) await readBehind(unit, consumed);
}

async function readBehind(unit: Unit, from: number): Promise<void> {
  const { source } = unit;
  const bytes = source.read(from, 1024 * 1024);
  if (from + bytes.length === source.size && bytes.every((byte) => byte === 0)) return;
  unit.found(COMPRESSED_RULES.behind, from, `${String(source.size - from)} bytes`);
  await unit.inside(sliceSource(source, from, source.size - from), `bytes from ${String(from)}`, 'behind', from);
}

/** `model.tar.gz` holds `model.tar`, `weights.tgz` holds `weights.tar`. */
function innerName(name: string): string {
  const base = name.slice(name.lastIndexOf('/') + 1);
  if (/\.tgz$/i.test(base)) return base.replace(/\.tgz$/i, '.tar');
  return base.replace(/\.(?:gz|bz2|xz|zst|zlib|z|lz4|lzma)$/i, '') || base;
}
