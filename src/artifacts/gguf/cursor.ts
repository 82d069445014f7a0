import type { ByteSource } from '../bytes/byte-source.ts';

/** A GGUF file that cannot be read any further. */
export class GgufFault extends Error {
  /** In bytes. */
  readonly offset: number;
  constructor(offset: number, message: string) {
    super(message);
    this.name = 'GgufFault';
    this.offset = offset;
  }
}

const WINDOW_BYTES = 1024 * 1024;

/** Reads little-endian values one after the other through a window, so that an array of millions of strings is never held. */
export class Cursor {
  private readonly source: ByteSource;
  private window: Buffer = Buffer.alloc(0);
  private windowStart = 0;
  position: number;

  constructor(source: ByteSource, position: number) {
    this.source = source;
    this.position = position;
  }

  get left(): number {
    return this.source.size - this.position;
  }

  /** A view of the next bytes; valid until the next read. Throws GgufFault where the file ends. */
  bytes(length: number): Buffer {
    if (length > this.left) throw new GgufFault(this.position, `the file ends inside of ${String(length)} bytes`);
    let start = this.position - this.windowStart;
    if (start < 0 || start + length > this.window.length) {
      this.window = this.source.read(this.position, Math.max(length, WINDOW_BYTES));
      this.windowStart = this.position;
      start = 0;
    }
    if (this.window.length < start + length) throw new GgufFault(this.position, 'the file is shorter than it was');
    this.position += length;
    return this.window.subarray(start, start + length);
  }

  skip(length: number): void {
    if (length > this.left) throw new GgufFault(this.position, `the file ends inside of ${String(length)} bytes`);
    this.position += length;
  }

  u32(): number {
    return this.bytes(4).readUInt32LE(0);
  }

  u64(): bigint {
    return this.bytes(8).readBigUInt64LE(0);
  }

  /** A length or count in 64 bits; what it counts takes `unit` bytes each at least, so that it can be checked before it is used. */
  count(unit: number, what: string): number {
    const at = this.position;
    const value = this.u64();
    if (value * BigInt(unit) > BigInt(this.left)) throw new GgufFault(at, `${what} would be ${String(value)}; ${String(this.left)} bytes are left`);
    return Number(value);
  }
}
