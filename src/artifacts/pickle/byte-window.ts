import type { ByteSource } from '../bytes/byte-source.ts';

const WINDOW_BYTES = 65_536;
/** The first window: most of what is asked whether it is a pickle is none, which its first bytes show. Later ones are larger. */
const FIRST_BYTES = 4096;
const GROWTH = 4;

/** Reads small pieces of a big source without asking it for every byte. */
export class ByteWindow {
  readonly size: number;
  readonly #source: ByteSource;
  #start = 0;
  #bytes: Buffer = Buffer.alloc(0);
  #wanted = FIRST_BYTES;

  constructor(source: ByteSource) {
    this.#source = source;
    this.size = source.size;
  }

  /** The bytes from `offset` on, fewer than `length` where the source ends. `length` is the caller's to bound. */
  at(offset: number, length: number): Buffer {
    if (length > WINDOW_BYTES) return this.#source.read(offset, length);
    const from = offset - this.#start;
    if (from < 0 || from + length > this.#bytes.length) {
      this.#start = offset;
      this.#bytes = offset >= this.size ? Buffer.alloc(0) : this.#source.read(offset, Math.min(Math.max(this.#wanted, length), this.size - offset));
      this.#wanted = Math.min(WINDOW_BYTES, this.#wanted * GROWTH);
      return this.#bytes.subarray(0, length);
    }
    return this.#bytes.subarray(from, from + length);
  }

  /** The byte at `offset`, undefined behind the end. */
  byte(offset: number): number | undefined {
    const from = offset - this.#start;
    if (from >= 0 && from < this.#bytes.length) return this.#bytes[from];
    return this.at(offset, 1)[0];
  }

  /** Offset of the next `byte` in [from, to), or -1. */
  find(byte: number, from: number, to: number): number {
    for (let at = from; at < to;) {
      // What is in the window is searched as it is: a window for every line would read everything many times.
      if (this.byte(at) === undefined) return -1;
      const piece = this.#bytes.subarray(at - this.#start, to - this.#start);
      const index = piece.indexOf(byte);
      if (index >= 0) return at + index;
      at += piece.length;
    }
    return -1;
  }
}
