import { parentPort } from 'node:worker_threads';
import type { FileReport } from '../findings/report.ts';
import type { ScanLimits } from './limits.ts';
import { scanFile } from './scan-file.ts';

/** One file for the thread. */
export interface ScanJob {
  readonly absolute: string;
  readonly shown: string;
  readonly root: string;
  readonly headersOnly: boolean;
  readonly limits: Partial<ScanLimits>;
}

/** What became of one file. */
export type ScanOutcome = { readonly report: FileReport } | { readonly failed: string };
export type ScanAnswer = { readonly outcomes: readonly ScanOutcome[] } | { readonly bytes: number };

const TOLD_EVERY = 64 * 1024 * 1024;

async function outcomeOf({ absolute, shown, root, headersOnly, limits }: ScanJob): Promise<ScanOutcome> {
  let untold = 0;
  const onBytes = (bytes: number): void => {
    untold += bytes;
    if (untold < TOLD_EVERY) return;
    parentPort?.postMessage({ bytes: untold } satisfies ScanAnswer);
    untold = 0;
  };
  try {
    return { report: await scanFile(absolute, { headersOnly, limits, onBytes }, shown, root) };
  } catch (error) {
    return { failed: error instanceof Error ? error.message : String(error) };
  }
}

/** Body of a thread of scan-pool.ts: some files in, as many outcomes out, as often as it is asked; how far it is in between. */
async function answer(jobs: readonly ScanJob[]): Promise<void> {
  const outcomes: ScanOutcome[] = [];
  for (const job of jobs) outcomes.push(await outcomeOf(job));
  parentPort?.postMessage({ outcomes } satisfies ScanAnswer);
}

// Readers give up on bytes by throwing, many times in each file, and nobody looks at where that was.
Error.stackTraceLimit = 0;

parentPort?.on('message', (jobs: readonly ScanJob[]) => {
  void answer(jobs);
});
