// One thread of a HashPool: hashes the jobs that it is sent, counts the bytes, and stops between two reads when it is told to.
import { parentPort, workerData } from 'node:worker_threads';
import { prepareHash } from './digest.ts';
import type { HashName } from './digest.ts';
import { hashJob, READ_BYTES } from './hash-job.ts';
import type { HashAnswer, HashJob } from './hash-job.ts';

export interface HashWorkerData {
  readonly hash: HashName;
  /** One 64-bit counter of bytes, which all threads share. */
  readonly bytes: SharedArrayBuffer;
  /** One 32-bit flag; not 0: stop. */
  readonly stop: SharedArrayBuffer;
}

class Stopped extends Error {}

const { hash, bytes, stop } = workerData as HashWorkerData;
const counter = new BigInt64Array(bytes);
const flag = new Int32Array(stop);
const buffer = Buffer.allocUnsafeSlow(READ_BYTES);

// Messages wait until this module is loaded as a whole.
await prepareHash(hash);

function onBytes(count: number): void {
  Atomics.add(counter, 0, BigInt(count));
  if (Atomics.load(flag, 0) !== 0) throw new Stopped('stopped');
}

parentPort?.on('message', (jobs: readonly HashJob[]) => {
  const answers: HashAnswer[] = [];
  try {
    for (const job of jobs) answers.push(hashJob(job, hash, buffer, onBytes));
  } catch (error) {
    if (error instanceof Stopped) return;
    throw error;
  }
  parentPort?.postMessage(answers);
});
