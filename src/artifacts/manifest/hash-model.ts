import { DIGEST_BYTES } from './digest.ts';
import type { HashName } from './digest.ts';
import { hashParcels } from './hash-pool.ts';
import type { HashingOptions } from './hash-pool.ts';
import { digestsOf } from './hash-job.ts';
import type { HashJob } from './hash-job.ts';
import { planHashing } from './hash-plan.ts';
import { shardName } from './manifest.ts';
import type { Manifest, Resource, Serialization } from './manifest.ts';
import { MAX_ENTRIES } from './model-walk.ts';
import type { ModelFile, ModelProblem } from './model-walk.ts';
import { comparePathParts } from './path-order.ts';

export interface HashModelOptions extends HashingOptions {
  readonly serialization: Serialization;
  readonly hash: HashName;
  /** Digests at most, default one million. */
  readonly maxResources?: number | undefined;
}

export interface HashedModel {
  /** Resources in the order of the reference implementation: by path parts, shards then by where they begin. */
  readonly manifest: Manifest;
  readonly problems: readonly ModelProblem[];
  readonly bytes: number;
}

interface Placed extends Resource {
  readonly path: string;
  readonly start: number;
}

function* resourcesOf(job: HashJob, digests: Buffer, hash: HashName): Generator<Placed> {
  const length = DIGEST_BYTES[hash];
  for (let n = 0; n < digestsOf(job); n += 1) {
    const digest = digests.toString('hex', n * length, (n + 1) * length);
    if (job.shardSize === null) yield { name: job.name, path: job.name, start: 0, digest };
    else {
      const start = job.start + n * job.shardSize;
      yield { name: shardName(job.name, start, Math.min(start + job.shardSize, job.end)), path: job.name, start, digest };
    }
  }
}

function countDigests(files: readonly ModelFile[], serialization: Serialization): number {
  if (serialization.method === 'files') return files.length;
  return files.reduce((sum, { size }) => sum + Math.ceil(size / serialization.shardSize), 0);
}

/** Digests of files, over threads. Each file is read once. Rejects only with the signal's reason. */
export async function hashModel(files: readonly ModelFile[], options: HashModelOptions): Promise<HashedModel> {
  const { serialization, hash, maxResources = MAX_ENTRIES } = options;
  const problems: ModelProblem[] = [];
  const placed: Placed[] = [];
  const count = countDigests(files, serialization);
  if (count > maxResources) {
    problems.push({ kind: 'limit', name: '.', detail: `${String(count)} digests, at most ${String(maxResources)}` });
    return { manifest: { serialization, hash, resources: [] }, problems, bytes: 0 };
  }
  const parcels = planHashing(files, serialization);
  const answers = await hashParcels(parcels, hash, options);
  for (const [at, jobs] of parcels.entries()) {
    for (const [n, job] of jobs.entries()) {
      const answer = answers[at]?.[n];
      if (Buffer.isBuffer(answer)) placed.push(...resourcesOf(job, answer, hash));
      else if (answer !== undefined) problems.push({ name: job.name, ...answer });
    }
  }
  placed.sort((a, b) => comparePathParts(a.path, b.path) || a.start - b.start);
  const resources = placed.map(({ name, digest }) => ({ name, digest }));
  return { manifest: { serialization, hash, resources }, problems, bytes: files.reduce((sum, { size }) => sum + size, 0) };
}
