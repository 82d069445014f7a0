/**
 * Random access to the bytes of a file, of a member of an archive or of a constant. Reading is synchronous: scans run in worker
 * threads of their own. Nothing is ever executed, loaded or rendered from it.
 */
export interface ByteSource {
  /** Bytes. */
  readonly size: number;
  /**
   * The bytes from `offset` on; fewer than `length` where the source ends, none behind it. The buffer belongs to the source: it is
   * never written to, and stays as it is.
   */
  read(offset: number, length: number): Buffer;
}

/** Bytes in memory. */
export function bytesSource(bytes: Buffer): ByteSource {
  return {
    size: bytes.length,
    read: (offset, length) => bytes.subarray(Math.min(offset, bytes.length), Math.min(offset + length, bytes.length)),
  };
}

/** A part of another source; cut at its end. */
export function sliceSource(source: ByteSource, offset: number, length: number): ByteSource {
  const start = Math.min(offset, source.size);
  const size = Math.min(length, source.size - start);
  return { size, read: (at, count) => (at >= size ? Buffer.alloc(0) : source.read(start + at, Math.min(count, size - at))) };
}
