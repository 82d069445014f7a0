import { availableParallelism } from 'node:os';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { prepareHash } from './digest.ts';
import type { HashName } from './digest.ts';
import { hashJob, READ_BYTES } from './hash-job.ts';
import type { HashAnswer, HashJob } from './hash-job.ts';
import type { HashWorkerData } from './hash-worker.ts';

export interface HashingProgress {
  /** Bytes hashed so far, and in all. */
  readonly bytes: number;
  readonly totalBytes: number;
}

export interface HashingOptions {
  /** Threads at most, default one for each core and 16. */
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called some times a second while there is something to do, and at the end. */
  readonly onProgress?: ((progress: HashingProgress) => void) | undefined;
}

type Parcel = readonly HashJob[];
type Answers = readonly HashAnswer[];

/** Each takes some 15 MB, and no disk feeds more of them. */
const MAX_THREADS = 16;
/** A thread takes 40 to 100 ms of CPU to start, in which that many bytes are hashed: fewer of them are not worth one. */
const BYTES_PER_THREAD = 256 * 1024 * 1024;
/** Hashed where the caller is, which is held up for some 20 ms at once: one big file, or this much of small ones. */
const INLINE_BYTES = 32 * 1024 * 1024;
/** Opening and closing a file takes as long as hashing that many bytes: a hundred thousand small ones must not hold up others. */
const OPENING_BYTES = 128 * 1024;
const PROGRESS_MS = 100;

function bytesOf(parcel: Parcel): number {
  return parcel.reduce((sum, { start, end }) => sum + end - start, 0);
}

/**
 * Hashes parcels, the answers in their order. Memory is one read buffer for each thread and the digests. Rejects with the signal's
 * reason, and never for what a file is.
 */
export async function hashParcels(parcels: readonly Parcel[], hash: HashName, options: HashingOptions = {}): Promise<readonly Answers[]> {
  options.signal?.throwIfAborted();
  const totalBytes = parcels.reduce((sum, parcel) => sum + bytesOf(parcel), 0);
  const answers = isInline(parcels, totalBytes) ? await hashInline(parcels, hash, options) : await new HashPool(parcels, hash, totalBytes, options).run();
  options.onProgress?.({ bytes: totalBytes, totalBytes });
  return answers;
}

function isInline(parcels: readonly Parcel[], totalBytes: number): boolean {
  if (totalBytes <= INLINE_BYTES) return true;
  return totalBytes <= BYTES_PER_THREAD && parcels.every((parcel) => parcel.every(({ start, end }) => end - start <= INLINE_BYTES));
}

async function hashInline(parcels: readonly Parcel[], hash: HashName, { signal }: HashingOptions): Promise<readonly Answers[]> {
  await prepareHash(hash);
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  const answers: Answers[] = [];
  let sinceTurn = 0;
  for (const parcel of parcels) {
    const given: HashAnswer[] = [];
    for (const job of parcel) {
      if (sinceTurn > 0 && sinceTurn + job.end - job.start > INLINE_BYTES) {
        await nextTurn();
        signal?.throwIfAborted();
        sinceTurn = 0;
      }
      given.push(hashJob(job, hash, buffer, () => undefined));
      sinceTurn += Math.max(OPENING_BYTES, job.end - job.start);
    }
    answers.push(given);
  }
  await nextTurn();
  signal?.throwIfAborted();
  return answers;
}

class HashPool {
  readonly #parcels: readonly Parcel[];
  readonly #answers: Answers[];
  readonly #data: HashWorkerData;
  readonly #totalBytes: number;
  readonly #options: HashingOptions;
  readonly #workers: Worker[] = [];
  #next = 0;
  #waiting: number;

  constructor(parcels: readonly Parcel[], hash: HashName, totalBytes: number, options: HashingOptions) {
    this.#parcels = parcels;
    this.#answers = parcels.map(() => []);
    this.#waiting = parcels.length;
    this.#totalBytes = totalBytes;
    this.#options = options;
    this.#data = { hash, bytes: new SharedArrayBuffer(8), stop: new SharedArrayBuffer(4) };
  }

  async run(): Promise<readonly Answers[]> {
    const { onProgress, signal } = this.#options;
    const counter = new BigInt64Array(this.#data.bytes);
    const report = (): void => onProgress?.({ bytes: Number(Atomics.load(counter, 0)), totalBytes: this.#totalBytes });
    const timer = onProgress === undefined ? undefined : setInterval(report, PROGRESS_MS);
    let onAbort = (): void => undefined;
    try {
      return await new Promise((resolve, reject) => {
        onAbort = () => reject(signal?.reason as Error);
        signal?.addEventListener('abort', onAbort, { once: true });
        const threads = Math.max(
          1,
          Math.min(
            this.#options.threads ?? Math.min(MAX_THREADS, availableParallelism()),
            this.#parcels.length,
            Math.ceil(this.#totalBytes / BYTES_PER_THREAD),
          ),
        );
        for (let i = 0; i < threads; i += 1) this.#start(resolve, reject);
      });
    } finally {
      clearInterval(timer);
      signal?.removeEventListener('abort', onAbort);
      Atomics.store(new Int32Array(this.#data.stop), 0, 1);
      await Promise.all(this.#workers.map((worker) => worker.terminate()));
    }
  }

  #start(resolve: (answers: readonly Answers[]) => void, reject: (error: Error) => void): void {
    // A published package holds .js files, a checkout .ts files: the thread's file is of the same kind as this one.
    const file = import.meta.url.endsWith('.ts') ? './hash-worker.ts' : './hash-worker.js';
    const worker = new Worker(new URL(file, import.meta.url), { workerData: this.#data, execArgv: [], name: 'hash' });
    this.#workers.push(worker);
    let at = -1;
    const send = (): void => {
      at = this.#next;
      const parcel = this.#parcels[at];
      if (parcel === undefined) return;
      this.#next += 1;
      worker.postMessage(parcel);
    };
    worker.on('message', (answers: Answers) => {
      this.#answers[at] = answers.map((answer) => (answer instanceof Uint8Array ? Buffer.from(answer.buffer, answer.byteOffset, answer.length) : answer));
      this.#waiting -= 1;
      if (this.#waiting === 0) resolve(this.#answers);
      else send();
    });
    worker.on('error', (error) => reject(error instanceof Error ? error : new Error(String(error))));
    worker.on('exit', (code) => reject(new Error(`a thread that hashes ended with ${String(code)}`)));
    send();
  }
}
