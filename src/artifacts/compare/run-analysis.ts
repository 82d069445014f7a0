import { Worker } from 'node:worker_threads';
import type { Analysis, AnalysisJob } from './analysis.ts';
import type { AnalysisAnswer } from './analysis-thread.ts';

const THREAD_MEMORY_MB = 160;
const YOUNG_MEMORY_MB = 16;

/** Carries out an analysis in a thread of its own. Rejects when it cannot be carried out, and with the signal's reason. */
export async function runAnalysis(
  job: AnalysisJob,
  options: { readonly signal?: AbortSignal; readonly onProgress?: (text: string) => void } = {},
): Promise<Analysis> {
  const { signal, onProgress } = options;
  signal?.throwIfAborted();
  const file = import.meta.url.endsWith('.ts') ? './analysis-thread.ts' : './analysis-thread.js';
  const worker = new Worker(new URL(file, import.meta.url), {
    workerData: job,
    resourceLimits: { maxOldGenerationSizeMb: THREAD_MEMORY_MB, maxYoungGenerationSizeMb: YOUNG_MEMORY_MB },
  });
  const { promise, resolve, reject } = Promise.withResolvers<Analysis>();
  const abort = (): void => reject(signal?.reason as Error);
  worker.on('message', (answer: AnalysisAnswer) => {
    if ('doing' in answer) onProgress?.(answer.doing);
    else if ('analysis' in answer) resolve(answer.analysis);
    else reject(new Error(answer.failed));
  });
  worker.on('error', reject);
  worker.on('exit', () => reject(new Error('the thread that compares tensors ended without an answer')));
  signal?.addEventListener('abort', abort, { once: true });
  try {
    return await promise;
  } finally {
    signal?.removeEventListener('abort', abort);
    await worker.terminate();
  }
}
