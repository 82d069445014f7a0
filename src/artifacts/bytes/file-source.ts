import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import type { ByteSource } from './byte-source.ts';

const WINDOW = 256 * 1024;
/** 8 MiB a file, whatever its size. */
const WINDOWS = 32;
/** Shorter answers are copies, so that a reader which keeps a name does not keep a window. */
const COPIED = 1024;

/** What a path was when it was no regular file. */
class NotAFile extends Error {}

/** Bytes of an open file through a few windows. Short reads at places that the file no longer has: see `changed`. */
export class FileSource implements ByteSource {
  readonly size: number;
  readonly #fd: number;
  readonly #mtime: bigint;
  readonly #windows = new Map<number, Buffer>();
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
    if (start + wanted > WINDOW) {
      const buffer = Buffer.allocUnsafeSlow(wanted);
      return buffer.subarray(0, this.readInto(buffer, offset));
    }
    const part = this.#window(index).subarray(start, start + wanted);
    return part.length <= COPIED ? Buffer.from(part) : part;
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
    closeSync(this.#fd);
  }

  #window(index: number): Buffer {
    const known = this.#windows.get(index);
    if (known !== undefined) {
      this.#windows.delete(index);
      this.#windows.set(index, known);
      return known;
    }
    const buffer = Buffer.allocUnsafeSlow(Math.min(WINDOW, this.size - index * WINDOW));
    const window = buffer.subarray(0, this.readInto(buffer, index * WINDOW));
    for (const oldest of this.#windows.keys()) {
      if (this.#windows.size < WINDOWS) break;
      this.#windows.delete(oldest);
    }
    this.#windows.set(index, window);
    return window;
  }
}
