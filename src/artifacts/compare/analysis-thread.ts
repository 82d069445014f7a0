import { parentPort, workerData } from 'node:worker_threads';
import { monotonicMs } from '../../core/clock.ts';
import { analyze } from './analysis.ts';
import type { Analysis, AnalysisJob } from './analysis.ts';

export type AnalysisAnswer = { readonly analysis: Analysis } | { readonly failed: string } | { readonly doing: string };

const TOLD_EVERY_MS = 200;

/** Body of the thread of run-analysis.ts: one job, one answer, and what it is doing in between. */
function tell(answer: AnalysisAnswer): void {
  parentPort?.postMessage(answer);
}

let toldMs = 0;
try {
  const analysis = analyze(workerData as AnalysisJob, new AbortController().signal, (what, done, total) => {
    if (monotonicMs() - toldMs < TOLD_EVERY_MS) return;
    toldMs = monotonicMs();
    tell({ doing: `${what}: ${String(Math.floor((100 * done) / Math.max(1, total)))} %` });
  });
  tell({ analysis });
} catch (error) {
  tell({ failed: error instanceof Error ? error.message : String(error) });
}
