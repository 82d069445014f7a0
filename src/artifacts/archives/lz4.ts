import type { ByteSource } from '../bytes/byte-source.ts';

const WINDOW = 64 * 1024;
const BLOCK_SIZES: Readonly<Record<number, number>> = { 4: 64 * 1024, 5: 256 * 1024, 6: 1024 * 1024, 7: 4 * 1024 * 1024 };

/** What a broken place throws. */
class Broken extends Error {}

/**
 * Unpacks LZ4 frames that follow each other (LZ4 frame format 1.6.3). Checksums are not looked at. Throws at a broken place, after
 * everything in front of it. `end.at` is set behind the last frame.
 */
export function* unlz4(source: ByteSource, end: { at: number }): Generator<Buffer> {
  let at = 0;
  while (at + 4 <= source.size) {
    const magic = source.read(at, 4).readUInt32LE(0);
    if (magic >>> 4 === 0x184d2a5) {
      const length = source.read(at + 4, 4);
      if (length.length < 4) throw new Broken('lz4: the frame ends early');
      at += 8 + length.readUInt32LE(0);
    } else if (magic === 0x184d2204) {
      at = yield* frame(source, at + 4);
    } else {
      break;
    }
    end.at = Math.min(at, source.size);
  }
}

function* frame(source: ByteSource, from: number): Generator<Buffer, number> {
  const descriptor = source.read(from, 2);
  const [flags, sizes] = [descriptor[0] ?? 0, descriptor[1] ?? 0];
  const blockSize = BLOCK_SIZES[(sizes >> 4) & 7];
  if (descriptor.length < 2 || flags >> 6 !== 1 || blockSize === undefined) throw new Broken('lz4: unknown frame');
  const blockSum = (flags & 0x10) === 0 ? 0 : 4;
  let at = from + 2 + ((flags & 0x08) === 0 ? 0 : 8) + ((flags & 0x01) === 0 ? 0 : 4) + 1;
  let history: Buffer = Buffer.alloc(0);
  for (;;) {
    const head = source.read(at, 4);
    if (head.length < 4) throw new Broken('lz4: the frame ends early');
    const stated = head.readUInt32LE(0);
    if (stated === 0) return at + 4 + ((flags & 0x04) === 0 ? 0 : 4);
    const length = stated & 0x7fffffff;
    if (length > blockSize) throw new Broken('lz4: block too large');
    const packed = source.read(at + 4, length);
    const whole = packed.length === length;
    const { bytes, broken } = stated >>> 31 === 1 ? { bytes: packed, broken: false } : block(packed, history, blockSize);
    if (bytes.length > 0) yield bytes;
    if (broken || !whole) throw new Broken('lz4: damaged block');
    history = Buffer.concat([history, bytes]).subarray(-WINDOW);
    at += 4 + length + blockSum;
  }
}

/** One block; `history` is what came before it. Stops at damage and says so. */
function block(packed: Buffer, history: Buffer, limit: number): { bytes: Buffer; broken: boolean } {
  const out = Buffer.allocUnsafe(history.length + limit);
  history.copy(out);
  const start = history.length;
  let size = start;
  let at = 0;
  const result = (broken: boolean): { bytes: Buffer; broken: boolean } => ({ bytes: out.subarray(start, size), broken });
  const longer = (nibble: number): number => {
    let length = nibble;
    if (nibble < 15) return length;
    for (let byte = 255; byte === 255 && at < packed.length; length += byte) byte = packed[at++] ?? 0;
    return length;
  };
  while (at < packed.length) {
    const token = packed[at++] ?? 0;
    const literals = longer(token >> 4);
    if (at + literals > packed.length || size + literals > out.length) return result(true);
    packed.copy(out, size, at, at + literals);
    size += literals;
    at += literals;
    if (at >= packed.length) return result(false);
    if (at + 2 > packed.length) return result(true);
    const distance = packed.readUInt16LE(at);
    at += 2;
    const length = longer(token & 15) + 4;
    if (distance === 0 || distance > size || size + length > out.length) return result(true);
    for (let i = 0; i < length; i++, size++) out[size] = out[size - distance] ?? 0;
  }
  return result(false);
}
