import { Worker } from 'node:worker_threads';
import { monotonicMs } from '../../core/clock.ts';
import type { FileReport } from '../findings/report.ts';
import type { Rule } from '../findings/rule.ts';
import { DEFAULT_LIMITS, timeLimitMs } from './limits.ts';
import { SCAN_RULES } from './scan-rules.ts';
import { unreadable } from './scan-file.ts';
import type { ScanAnswer, ScanJob } from './scan-thread.ts';

/** A thread looks at the clock itself; this much later it is ended from outside. */
const GRACE_MS = 15_000;
const THREAD_MEMORY_MB = 112;
const YOUNG_MEMORY_MB = 16;

export interface PoolJob extends ScanJob {
  readonly size: number;
}

function start(): Worker {
  const file = import.meta.url.endsWith('.ts') ? './scan-thread.ts' : './scan-thread.js';
  const worker = new Worker(new URL(file, import.meta.url), {
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
  const queue = jobs.toSorted((a, b) => a.size - b.size);
  const work = async (): Promise<void> => {
    let worker: Worker | undefined;
    try {
      for (let job = queue.pop(); job !== undefined; job = queue.pop()) {
        signal?.throwIfAborted();
        worker ??= start();
        const { report, usable } = await scanIn(worker, job, onBytes, signal);
        onDone(report);
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

interface Outcome {
  readonly report: FileReport;
  /** Whether the thread can take another file. */
  readonly usable: boolean;
}

function scanIn(worker: Worker, job: PoolJob, onBytes: (path: string, bytes: number) => void, signal?: AbortSignal): Promise<Outcome> {
  const started = monotonicMs();
  return new Promise((resolve, reject) => {
    const end = (outcome: Outcome): void => {
      settle();
      resolve(outcome);
    };
    const onMessage = (answer: ScanAnswer): void => {
      if ('bytes' in answer) onBytes(job.shown, answer.bytes);
      else if ('report' in answer) end({ report: answer.report, usable: true });
      else end({ report: { ...unreadable(job.shown, answer.failed, started), size: job.size }, usable: true });
    };
    const onError = (error: Error & { code?: string }): void => {
      const memory = error.code === 'ERR_WORKER_OUT_OF_MEMORY';
      end({ report: stopped(job, memory ? SCAN_RULES.tooLarge : SCAN_RULES.readerFailed, error.message, started), usable: false });
    };
    const onExit = (): void => {
      end({ report: stopped(job, SCAN_RULES.readerFailed, 'its thread ended without an answer', started), usable: false });
    };
    const onAbort = (): void => {
      settle();
      reject(signal?.reason as Error);
    };
    const limit = timeLimitMs({ ...DEFAULT_LIMITS, ...job.limits }, job.size) + GRACE_MS;
    const timer = setTimeout(() => {
      end({ report: stopped(job, SCAN_RULES.tooLong, `no answer in ${String(Math.round(limit))} ms`, started), usable: false });
    }, limit);
    const settle = (): void => {
      clearTimeout(timer);
      worker.off('message', onMessage).off('error', onError).off('exit', onExit);
      signal?.removeEventListener('abort', onAbort);
    };
    worker.on('message', onMessage).on('error', onError).on('exit', onExit);
    signal?.addEventListener('abort', onAbort, { once: true });
    const { size: _size, ...message } = job;
    worker.postMessage(message);
  });
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
