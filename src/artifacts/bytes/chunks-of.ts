import type { ByteSource } from './byte-source.ts';

const CHUNK = 256 * 1024;

/** Bytes of a source in pieces. */
export function* chunksOf(source: ByteSource, size = CHUNK): Generator<Buffer> {
  for (let at = 0; at < source.size; at += size) {
    const chunk = source.read(at, size);
    if (chunk.length === 0) return;
    yield chunk;
  }
}
