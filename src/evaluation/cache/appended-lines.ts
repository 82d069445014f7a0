import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';

const CHUNK_BYTES = 1024 * 1024;
const NEWLINE = 0x0a;

/** Where a line stands in its file, without its end. */
export interface LinePlace {
  readonly offset: number;
  readonly length: number;
}

/**
 * A file that only grows by whole lines. A process that is killed leaves at most one torn line at its end: it is closed off when
 * the file is opened again, and whoever reads it finds that it is no JSON.
 */
export class AppendedLines {
  readonly #fd: number;
  #size: number;

  constructor(path: string) {
    this.#fd = openSync(path, 'a+', 0o600);
    this.#size = fstatSync(this.#fd).size;
    if (this.#size > 0 && this.#bytes({ offset: this.#size - 1, length: 1 })[0] !== NEWLINE) this.#write(Buffer.from('\n'));
  }

  get isEmpty(): boolean {
    return this.#size === 0;
  }

  /** Adds a line, which must not hold a line end, and says where it stands. It survives the process, not a loss of power. */
  append(line: string): LinePlace {
    const bytes = Buffer.from(`${line}\n`, 'utf8');
    // Another process may have written since: its lines count, too.
    this.#size = fstatSync(this.#fd).size;
    this.#write(bytes);
    return { offset: this.#size - bytes.length, length: bytes.length - 1 };
  }

  read(place: LinePlace): string {
    return this.#bytes(place).toString('utf8');
  }

  /** Every line with its place, in order; only one is in memory at a time. */
  *lines(): Generator<readonly [line: string, place: LinePlace]> {
    let parts: Buffer[] = [];
    let start = 0;
    for (let at = 0; at < this.#size;) {
      const chunk = this.#bytes({ offset: at, length: Math.min(CHUNK_BYTES, this.#size - at) });
      if (chunk.length === 0) return;
      let from = 0;
      for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
        parts.push(chunk.subarray(from, end));
        const line = Buffer.concat(parts);
        yield [line.toString('utf8'), { offset: start, length: line.length }];
        parts = [];
        from = end + 1;
        start = at + from;
      }
      parts.push(chunk.subarray(from));
      at += chunk.length;
    }
  }

  close(): void {
    closeSync(this.#fd);
  }

  #write(bytes: Buffer): void {
    let written = 0;
    while (written < bytes.length) written += writeSync(this.#fd, bytes, written);
    this.#size += bytes.length;
  }

  #bytes({ offset, length }: LinePlace): Buffer {
    const bytes = Buffer.allocUnsafe(length);
    let read = 0;
    while (read < length) {
      const count = readSync(this.#fd, bytes, read, length - read, offset + read);
      if (count === 0) break;
      read += count;
    }
    return bytes.subarray(0, read);
  }
}
