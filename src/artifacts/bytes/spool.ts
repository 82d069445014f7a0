import { randomUUID } from 'node:crypto';
import { closeSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bytesSource, type ByteSource } from './byte-source.ts';

/** Unpacked bytes of this many bytes at most stay in memory, as long as all of them together are within IN_MEMORY_ALL. */
const IN_MEMORY = 512 * 1024;
const IN_MEMORY_ALL = 32 * 1024 * 1024;

/**
 * Unpacked bytes of one scan. Large ones go to one temporary file that has no name any more by the time the first byte is written:
 * it disappears with the process, whatever ends it.
 */
export class Spool {
  readonly #folder: string | undefined;
  #fd: number | undefined;
  #end = 0;
  #inMemory = 0;

  constructor(folder?: string) {
    this.#folder = folder;
  }

  writer(): SpoolWriter {
    return new SpoolWriter(this);
  }

  /** Whether so many bytes more may stay in memory; counted when they may. */
  keep(bytes: number): boolean {
    if (bytes > IN_MEMORY || this.#inMemory + bytes > IN_MEMORY_ALL) return false;
    this.#inMemory += bytes;
    return true;
  }

  /** Appends to the file; returns where. */
  append(bytes: Buffer): number {
    this.#fd ??= openUnnamed(this.#folder ?? tmpdir());
    const at = this.#end;
    let written = 0;
    while (written < bytes.length) written += writeSync(this.#fd, bytes, written, bytes.length - written, at + written);
    this.#end += bytes.length;
    return at;
  }

  read(offset: number, length: number): Buffer {
    if (this.#fd === undefined) return Buffer.alloc(0);
    const buffer = Buffer.allocUnsafe(length);
    let filled = 0;
    while (filled < length) {
      const count = readSync(this.#fd, buffer, filled, length - filled, offset + filled);
      if (count === 0) break;
      filled += count;
    }
    return buffer.subarray(0, filled);
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}

function openUnnamed(folder: string): number {
  const path = join(folder, `elulmc-scan-${randomUUID()}`);
  const fd = openSync(path, 'wx+', 0o600);
  unlinkSync(path);
  return fd;
}

/** One member on its way into the spool, in pieces that may lie apart because another member was written in between. */
export class SpoolWriter {
  readonly #spool: Spool;
  #memory: Buffer[] = [];
  readonly #pieces: { from: number; at: number; length: number }[] = [];
  size = 0;

  constructor(spool: Spool) {
    this.#spool = spool;
  }

  write(chunk: Buffer): void {
    this.#memory.push(chunk);
    this.size += chunk.length;
    if (this.#pieces.length > 0 || this.size > IN_MEMORY) this.#flush();
  }

  finish(): ByteSource {
    if (this.#pieces.length === 0 && this.#spool.keep(this.size)) return bytesSource(Buffer.concat(this.#memory));
    this.#flush();
    const { size } = this;
    const pieces = this.#pieces;
    const spool = this.#spool;
    return { size, read: (offset, length) => readPieces(spool, pieces, offset, Math.min(length, size - offset)) };
  }

  #flush(): void {
    if (this.#memory.length === 0) return;
    const bytes = Buffer.concat(this.#memory);
    this.#memory = [];
    const at = this.#spool.append(bytes);
    const last = this.#pieces.at(-1);
    if (last?.at !== undefined && last.at + last.length === at) last.length += bytes.length;
    else this.#pieces.push({ from: this.size - bytes.length, at, length: bytes.length });
  }
}

function readPieces(spool: Spool, pieces: readonly { from: number; at: number; length: number }[], offset: number, length: number): Buffer {
  if (length <= 0) return Buffer.alloc(0);
  const parts: Buffer[] = [];
  for (const { from, at, length: size } of pieces) {
    const start = Math.max(offset, from);
    const end = Math.min(offset + length, from + size);
    if (start < end) parts.push(spool.read(at + start - from, end - start));
  }
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : Buffer.concat(parts);
}
