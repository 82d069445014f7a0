import { monotonicMs } from '../../core/clock.ts';
import type { FileReport } from '../findings/report.ts';

/** A file that nothing could be read of. */
export function unreadable(path: string, error: string, started: number): FileReport {
  return {
    path,
    kind: 'file',
    size: 0,
    sha256: null,
    formats: [],
    other: null,
    verdict: 'unsupported',
    findings: [],
    coverage: { checked: [], notChecked: [{ check: 'contents', reason: error, path: [path], times: 1 }] },
    error,
    durationMs: monotonicMs() - started,
  };
}
