import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { createDigester, DIGEST_BYTES, digestOf } from './digest.ts';
import type { HashName } from './digest.ts';
import { identityOf } from './file-identity.ts';
import type { ModelProblem } from './model-walk.ts';

/** A stretch of one file to be hashed. */
export interface HashJob {
  readonly name: string;
  readonly path: string;
  readonly identity: string;
  /** Bytes that the whole file had when it was looked at. */
  readonly size: number;
  readonly start: number;
  readonly end: number;
  /** Bytes for each digest, the last one may have fewer; null: one digest over the stretch. */
  readonly shardSize: number | null;
}

/** Digests of a job one behind the other, or why there are none. */
export type HashAnswer = Buffer | Omit<ModelProblem, 'name'>;

/** Bytes that are read at once; each thread has one such buffer and no other. */
export const READ_BYTES = 1024 * 1024;

// A link that took the place of the file is not followed, and a pipe that did does not block.
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

export function digestsOf({ start, end, shardSize }: HashJob): number {
  return shardSize === null ? 1 : Math.ceil((end - start) / shardSize);
}

class FileChanged extends Error {}

function isSame(before: Stats, after: Stats): boolean {
  return before.size === after.size && before.mtimeMs === after.mtimeMs && before.ctimeMs === after.ctimeMs;
}

function hashStretch(fd: number, from: number, to: number, hash: HashName, buffer: Buffer, onBytes: (bytes: number) => void): Buffer {
  if (to - from <= buffer.length) {
    const count = to === from ? 0 : readSync(fd, buffer, 0, to - from, from);
    // A short answer is no end yet: what follows reads on.
    if (count === to - from) {
      onBytes(count);
      return digestOf(buffer.subarray(0, count), hash);
    }
  }
  const digester = createDigester(hash);
  for (let at = from; at < to;) {
    const count = readSync(fd, buffer, 0, Math.min(buffer.length, to - at), at);
    if (count === 0) throw new FileChanged('it became shorter while it was read');
    digester.update(count === buffer.length ? buffer : buffer.subarray(0, count));
    at += count;
    onBytes(count);
  }
  return digester.digest();
}

function hashOpened(fd: number, job: HashJob, hash: HashName, buffer: Buffer, onBytes: (bytes: number) => void): Buffer {
  const before = fstatSync(fd);
  if (!before.isFile() || identityOf(before) !== job.identity || before.size !== job.size) throw new FileChanged('it was replaced while the model was read');
  const digests = Buffer.alloc(digestsOf(job) * DIGEST_BYTES[hash]);
  const step = job.shardSize ?? Math.max(1, job.end - job.start);
  for (let n = 0, from = job.start; n < digestsOf(job); n += 1, from += step)
    hashStretch(fd, from, Math.min(from + step, job.end), hash, buffer, onBytes).copy(digests, n * DIGEST_BYTES[hash]);
  if (!isSame(before, fstatSync(fd))) throw new FileChanged('it was written to while it was read');
  return digests;
}

/** Hashes one stretch. Throws only what `onBytes` throws: a file that cannot be read, or is no longer the same, is an answer. */
export function hashJob(job: HashJob, hash: HashName, buffer: Buffer, onBytes: (bytes: number) => void): HashAnswer {
  let fd: number;
  try {
    fd = openSync(job.path, OPEN_FLAGS);
  } catch (error) {
    return { kind: 'unreadable', detail: (error as NodeJS.ErrnoException).code ?? String(error) };
  }
  try {
    return hashOpened(fd, job, hash, buffer, onBytes);
  } catch (error) {
    if (error instanceof FileChanged) return { kind: 'changed', detail: error.message };
    const code = (error as NodeJS.ErrnoException).code;
    if (code === undefined) throw error;
    return { kind: 'unreadable', detail: code };
  } finally {
    closeSync(fd);
  }
}
