import { createHash } from 'node:crypto';
import { digestBytes } from './digest.ts';
import type { HashName } from './digest.ts';

/** How the files of a model become resources: one for each file, or one for each part of it of `shardSize` bytes. */
export type Serialization = { readonly method: 'files' } | { readonly method: 'shards'; readonly shardSize: number };

/** What the reference implementation cuts files into, in bytes. */
export const DEFAULT_SHARD_BYTES = 1_000_000_000;

/** One thing with a digest. */
export interface Resource {
  /** POSIX path below the model; `.` for a model that is one file; in shards `path:start:end`, the end excluded. */
  readonly name: string;
  /** Lower-case hex. */
  readonly digest: string;
}

/** The digests of a model, in the order that its ROOT is over. */
export interface Manifest {
  readonly serialization: Serialization;
  readonly hash: HashName;
  readonly resources: readonly Resource[];
}

/** SHA-256 over the raw digests in the listed order, whatever they were made with; lower-case hex. */
export function rootOf(resources: readonly Resource[]): string {
  const hash = createHash('sha256');
  for (const { digest } of resources) hash.update(digestBytes(digest));
  return hash.digest('hex');
}

/** Name of the bytes of a file from `start` to before `end`. */
export function shardName(path: string, start: number, end: number): string {
  return `${path}:${String(start)}:${String(end)}`;
}

const SHARD_NAME = /^([^:]+):(0|[1-9][0-9]{0,15}):(0|[1-9][0-9]{0,15})$/;

/** The parts of a shard's name; undefined where it is none. A path with a colon cannot be named. */
export function parseShardName(name: string): { readonly path: string; readonly start: number; readonly end: number } | undefined {
  const match = SHARD_NAME.exec(name);
  if (match === null) return undefined;
  const [start, end] = [Number(match[2]), Number(match[3])];
  return start < end && Number.isSafeInteger(end) ? { path: match[1] ?? '', start, end } : undefined;
}
