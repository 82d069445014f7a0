import { getCompileCacheDir } from 'node:module';
import { dirname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { monotonicMs } from '../../core/clock.ts';
import { childEnvironment } from '../../core/environment.ts';
import type { FileReport } from '../findings/report.ts';
import type { Rule } from '../findings/rule.ts';
import { DEFAULT_LIMITS, timeLimitMs } from './limits.ts';
import { SCAN_RULES } from './scan-rules.ts';
import { ScanQueue } from './scan-queue.ts';
import type { ScanAnswer, ScanJob, ScanOutcome } from './scan-thread.ts';
import { unreadable } from './unreadable-file.ts';

/** A thread looks at the clock itself; this much later it is ended from outside. */
const GRACE_MS = 15_000;
const THREAD_MEMORY_MB = 112;
const YOUNG_MEMORY_MB = 4;

export interface PoolJob extends ScanJob {
  readonly size: number;
}

function start(): Worker {
  const file = import.meta.url.endsWith('.ts') ? './scan-thread.ts' : './scan-thread.js';
  // The cache of compiled code, where the program has one, is not that of its threads by itself. Loading all readers is most of their start.
  const cache = getCompileCacheDir();
  const worker = new Worker(new URL(file, import.meta.url), {
    env: childEnvironment(cache === undefined ? {} : { NODE_COMPILE_CACHE: dirname(cache) }),
    resourceLimits: { maxOldGenerationSizeMb: THREAD_MEMORY_MB, maxYoungGenerationSizeMb: YOUNG_MEMORY_MB },
  });
  // Without a listener a thread that breaks between two files would end the process.
  worker.on('error', () => undefined);
  return worker;
}

/**
 * Scans files in `threads` threads, each file in one. A file that breaks its thread, by time or memory, has that as its finding, and a
 * new thread goes on with the next. `onDone` gets reports as they come; `onBytes` what large files have read so far, by their path.
 */
export async function scanInThreads(
  jobs: readonly PoolJob[],
  threads: number,
  onDone: (report: FileReport) => void,
  onBytes: (path: string, bytes: number) => void,
  signal?: AbortSignal,
): Promise<void> {
  const queue = new ScanQueue(jobs, threads);
  const work = async (): Promise<void> => {
    let worker: Worker | undefined;
    try {
      for (let batch = queue.take(); batch.length > 0; batch = queue.take()) {
        signal?.throwIfAborted();
        worker ??= start();
        const { reports, usable } = await scanIn(worker, batch, onBytes, signal);
        if (reports === null) queue.separate(batch);
        else reports.forEach(onDone);
        if (usable) continue;
        await worker.terminate();
        worker = undefined;
      }
    } finally {
      await worker?.terminate();
    }
  };
  const results = await Promise.allSettled(Array.from({ length: Math.max(1, threads) }, work));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

interface Ended {
  /** One for each file; null when one of several broke the thread, nobody knows which. */
  readonly reports: readonly FileReport[] | null;
  /** Whether the thread can take more. */
  readonly usable: boolean;
}

function scanIn(worker: Worker, jobs: readonly PoolJob[], onBytes: (path: string, bytes: number) => void, signal?: AbortSignal): Promise<Ended> {
  const started = monotonicMs();
  const only = jobs.length === 1 ? jobs[0] : undefined;
  return new Promise((resolve, reject) => {
    const end = (ended: Ended): void => {
      settle();
      resolve(ended);
    };
    const broken = (rule: Rule, detail: string): void => {
      end({ reports: only === undefined ? null : [stopped(only, rule, detail, started)], usable: false });
    };
    const onMessage = (answer: ScanAnswer): void => {
      if ('bytes' in answer) onBytes(only?.shown ?? '', answer.bytes);
      else end({ reports: answer.outcomes.flatMap((outcome, index) => reportOf(outcome, jobs[index], started)), usable: true });
    };
    const onError = (error: Error & { code?: string }): void => {
      broken(error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? SCAN_RULES.tooLarge : SCAN_RULES.readerFailed, error.message);
    };
    const onExit = (): void => {
      broken(SCAN_RULES.readerFailed, 'its thread ended without an answer');
    };
    const onAbort = (): void => {
      settle();
      reject(signal?.reason as Error);
    };
    const limit = jobs.reduce((sum, job) => sum + timeLimitMs({ ...DEFAULT_LIMITS, ...job.limits }, job.size), GRACE_MS);
    const timer = setTimeout(() => {
      broken(SCAN_RULES.tooLong, `no answer in ${String(Math.round(limit))} ms`);
    }, limit);
    const settle = (): void => {
      clearTimeout(timer);
      worker.off('message', onMessage).off('error', onError).off('exit', onExit);
      signal?.removeEventListener('abort', onAbort);
    };
    worker.on('message', onMessage).on('error', onError).on('exit', onExit);
    signal?.addEventListener('abort', onAbort, { once: true });
    worker.postMessage(jobs.map(({ size: _size, ...message }) => message));
  });
}

function reportOf(outcome: ScanOutcome, job: PoolJob | undefined, started: number): FileReport[] {
  if ('report' in outcome) return [outcome.report];
  return job === undefined ? [] : [{ ...unreadable(job.shown, outcome.failed, started), size: job.size }];
}

/** The report of a file whose scan was stopped from outside: what is known is that it was not scanned. */
function stopped(job: PoolJob, rule: Rule, detail: string, started: number): FileReport {
  return {
    ...unreadable(job.shown, detail, started),
    size: job.size,
    verdict: rule.alarm,
    findings: [{ rule, path: [job.shown], offset: null, detail }],
    error: null,
  };
}
