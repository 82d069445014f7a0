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

export type ScanAnswer = { readonly report: FileReport } | { readonly bytes: number } | { readonly failed: string };

const TOLD_EVERY = 64 * 1024 * 1024;

/** Body of a thread of scan-pool.ts: one file in, one report out, as often as it is asked; how far it is in between. */
async function answer({ absolute, shown, root, headersOnly, limits }: ScanJob): Promise<ScanAnswer> {
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

parentPort?.on('message', (job: ScanJob) => {
  void answer(job).then((message) => parentPort?.postMessage(message));
});
