import { digestsOf } from './hash-job.ts';
import type { HashJob } from './hash-job.ts';
import type { Serialization } from './manifest.ts';
import type { ModelFile } from './model-walk.ts';

/** A parcel goes to one thread at once: many small files or shards, or one big one. */
const PARCEL_BYTES = 64 * 1024 * 1024;
const PARCEL_DIGESTS = 16_384;
const PARCEL_JOBS = 512;

function* stretchesOf(file: ModelFile, serialization: Serialization): Generator<HashJob> {
  const { name, path, identity, size } = file;
  if (serialization.method === 'files') {
    yield { name, path, identity, size, start: 0, end: size, shardSize: null };
    return;
  }
  const { shardSize } = serialization;
  const shards = Math.max(1, Math.min(PARCEL_DIGESTS, Math.floor(PARCEL_BYTES / shardSize)));
  for (let start = 0; start < size; start += shards * shardSize) {
    yield { name, path, identity, size, start, end: Math.min(size, start + shards * shardSize), shardSize };
  }
}

/** The jobs that a model takes, in parcels for one thread each. An empty file has no shard, and so no job in shards. */
export function planHashing(files: readonly ModelFile[], serialization: Serialization): readonly (readonly HashJob[])[] {
  // Big ones first: a thread that begins the biggest file last would be waited for.
  const bySize = files.toSorted((a, b) => b.size - a.size);
  const parcels: HashJob[][] = [];
  let [jobs, bytes, digests]: [HashJob[], number, number] = [[], 0, 0];
  const close = (): void => {
    if (jobs.length > 0) parcels.push(jobs);
    [jobs, bytes, digests] = [[], 0, 0];
  };
  for (const file of bySize) {
    for (const job of stretchesOf(file, serialization)) {
      const length = job.end - job.start;
      if (bytes + length > PARCEL_BYTES || digests + digestsOf(job) > PARCEL_DIGESTS || jobs.length >= PARCEL_JOBS) close();
      jobs.push(job);
      bytes += length;
      digests += digestsOf(job);
    }
  }
  close();
  return parcels;
}
