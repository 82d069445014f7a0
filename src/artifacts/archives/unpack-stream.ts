import { constants, gunzipSync, inflateRawSync, inflateSync, zstdDecompressSync } from 'node:zlib';
import type { ByteSource } from '../bytes/byte-source.ts';
import type { Unit, Unpacked } from '../scan/reader.ts';
import type { Decoded, Stream } from './decoders.ts';

/** Only small streams are worth a search for the last byte in front of the damage; large ones lose one piece at most. */
const SALVAGED = 1024 * 1024;
const SALVAGED_OUTPUT = 64 * 1024 * 1024;

/**
 * Unpacks a stream under the limits of the scan. `take` sees what was unpacked. `consumed`: packed bytes that belong to the stream.
 * Where it breaks, everything up to the damage is there: the loader of a model would have run it by then.
 */
export async function unpackStream(
  unit: Unit,
  decoded: Decoded,
  source: ByteSource,
  stream: Stream,
  take: (chunk: Buffer) => void = () => undefined,
): Promise<{ readonly unpacked: Unpacked; readonly consumed: number }> {
  const unpacked = await unit.unpack(withSalvage(decoded, source, stream, take), source.size);
  return { unpacked, consumed: decoded.consumed() };
}

async function* withSalvage(decoded: Decoded, source: ByteSource, stream: Stream, take: (chunk: Buffer) => void): AsyncGenerator<Buffer> {
  let size = 0;
  try {
    for await (const chunk of decoded.chunks) {
      size += chunk.length;
      take(chunk);
      yield chunk;
    }
  } catch (error) {
    const rest = source.size <= SALVAGED ? salvage(source.read(0, source.size), stream).subarray(size) : Buffer.alloc(0);
    if (rest.length > 0) {
      take(rest);
      yield rest;
    }
    throw error;
  }
}

/** What the longest beginning without an error unpacks to. */
export function salvage(packed: Buffer, stream: Stream): Buffer {
  const unpack = SYNC[stream];
  if (unpack === undefined) return Buffer.alloc(0);
  let best = Buffer.alloc(0);
  let [good, bad] = [0, packed.length + 1];
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    try {
      best = unpack(packed.subarray(0, middle));
      good = middle;
    } catch {
      bad = middle;
    }
  }
  return best;
}

const whole = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: SALVAGED_OUTPUT };
const SYNC: Partial<Record<Stream, (packed: Buffer) => Buffer<ArrayBuffer>>> = {
  deflate: (packed) => Buffer.from(inflateRawSync(packed, whole)),
  zlib: (packed) => Buffer.from(inflateSync(packed, whole)),
  gzip: (packed) => Buffer.from(gunzipSync(packed, whole)),
  zstd: (packed) => Buffer.from(zstdDecompressSync(packed, { finishFlush: constants.ZSTD_e_flush, maxOutputLength: SALVAGED_OUTPUT })),
};
