import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import type { ByteSource } from './byte-source.ts';

/** Small: a zip of thousands of members is read at thousands of places far from each other, a few bytes at each. */
const WINDOW = 4 * 1024;
/** 4 MiB a file, whatever its size. */
const WINDOWS = 1024;

interface Slot {
  readonly bytes: Buffer;
  readonly filled: number;
}

/** What a path was when it was no regular file. */
class NotAFile extends Error {}

/** Bytes of an open file through a few windows. Short reads at places that the file no longer has: see `changed`. */
export class FileSource implements ByteSource {
  readonly size: number;
  readonly #fd: number;
  readonly #mtime: bigint;
  /** Memory of all windows, one allocation: thousands of them would keep the garbage collector busy. */
  #slab: Buffer | undefined;
  /** Window of the file -> bytes of it and where they are in the slab, the longest unused first. */
  readonly #windows = new Map<number, Slot>();
  #shrunk = false;

  private constructor(fd: number, size: number, mtime: bigint) {
    this.#fd = fd;
    this.size = size;
    this.#mtime = mtime;
  }

  /** Opens a regular file; NotAFile for anything else, never waiting for a FIFO, and the error of the system when it cannot be opened. */
  static open(path: string): FileSource {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stat = fstatSync(fd, { bigint: true });
      if (!stat.isFile()) throw new NotAFile(`${path} is not a regular file`);
      return new FileSource(fd, Number(stat.size), stat.mtimeNs);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  read(offset: number, length: number): Buffer {
    if (offset >= this.size || length <= 0) return Buffer.alloc(0);
    const wanted = Math.min(length, this.size - offset);
    const index = Math.floor(offset / WINDOW);
    const start = offset - index * WINDOW;
    const buffer = Buffer.allocUnsafe(wanted);
    if (start + wanted > WINDOW) return buffer.subarray(0, this.readInto(buffer, offset));
    const { bytes, filled } = this.#window(index);
    return buffer.subarray(0, bytes.copy(buffer, 0, start, Math.min(start + wanted, filled)));
  }

  /** Fills a buffer of the caller from `offset` on, past the windows; returns how many bytes there were. */
  readInto(buffer: Buffer, offset: number): number {
    let filled = 0;
    while (filled < buffer.length && offset + filled < this.size) {
      const count = readSync(this.#fd, buffer, filled, Math.min(buffer.length - filled, this.size - offset - filled), offset + filled);
      if (count === 0) {
        this.#shrunk = true;
        break;
      }
      filled += count;
    }
    return filled;
  }

  /** Whether the file is no longer the one that was opened. */
  changed(): boolean {
    const stat = fstatSync(this.#fd, { bigint: true });
    return this.#shrunk || Number(stat.size) !== this.size || stat.mtimeNs !== this.#mtime;
  }

  close(): void {
    this.#windows.clear();
    this.#slab = undefined;
    closeSync(this.#fd);
  }

  #window(index: number): Slot {
    const known = this.#windows.get(index);
    if (known !== undefined) {
      this.#windows.delete(index);
      this.#windows.set(index, known);
      return known;
    }
    const bytes = this.#free();
    const slot = { bytes, filled: this.readInto(bytes, index * WINDOW) };
    this.#windows.set(index, slot);
    return slot;
  }

  /** Room for a window: that of the one which was not used for longest when all are taken. */
  #free(): Buffer {
    this.#slab ??= Buffer.allocUnsafeSlow(Math.min(WINDOWS, Math.ceil(this.size / WINDOW)) * WINDOW);
    const { size } = this.#windows;
    if (size * WINDOW < this.#slab.length) return this.#slab.subarray(size * WINDOW, (size + 1) * WINDOW);
    const [oldest] = this.#windows;
    if (oldest === undefined) throw new Error('a file without bytes has no window');
    this.#windows.delete(oldest[0]);
    return oldest[1].bytes;
  }
}
