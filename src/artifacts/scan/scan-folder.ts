import { statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, dirname, resolve } from 'node:path';
import { monotonicMs, wallAt } from '../../core/clock.ts';
import { mergeCoverage, type FileReport, type ScanReport } from '../findings/report.ts';
import type { Rule } from '../findings/rule.ts';
import { worseVerdict, type Verdict } from '../findings/verdict.ts';
import type { ScanLimits } from './limits.ts';
import { scanInThreads, type PoolJob } from './scan-pool.ts';
import { SCAN_RULES } from './scan-rules.ts';
import { unreadable } from './unreadable-file.ts';
import { walkFolder, type FolderEntry } from './walk-folder.ts';

/** Threads beyond this are not started by themselves: a hostile header can fill what one thread is given, and two stay under 300 MB. */
const MAX_THREADS = 2;

export interface ScanProgress {
  readonly files: number;
  readonly filesDone: number;
  readonly bytes: number;
  readonly bytesDone: number;
  /** The file that is done, or that is being read. */
  readonly path: string;
}

export interface FolderScanOptions {
  readonly headersOnly?: boolean;
  readonly limits?: Partial<ScanLimits>;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: ScanProgress) => void;
  /** Default: one for each core, at most 2. */
  readonly threads?: number;
}

/**
 * Scans a folder with everything in it, or a single file, in threads. Every file, link and device has a report. Rejects when `path`
 * does not exist or cannot be looked at, and when `signal` aborts.
 */
export async function scanFolder(path: string, options: FolderScanOptions = {}): Promise<ScanReport> {
  const started = monotonicMs();
  const startedAt = wallAt();
  const root = resolve(path);
  const entries = statSync(root).isDirectory() ? walkFolder(root) : [single(root)];
  const folder = statSync(root).isDirectory() ? root : dirname(root);
  const files: FileReport[] = entries.filter(({ trouble, kind }) => trouble !== null || kind !== 'file').map(troubled);
  const jobs = entries.filter(({ trouble, kind }) => trouble === null && kind === 'file').map((entry) => jobOf(entry, folder, options));
  const progress = progressOf(jobs, options.onProgress);
  const threads = Math.min(options.threads ?? Math.min(availableParallelism(), MAX_THREADS), Math.max(1, jobs.length));
  const onDone = (report: FileReport): void => {
    files.push(report);
    progress.done(report);
  };
  if (jobs.length > 0) await scanInThreads(jobs, threads, onDone, progress.read, options.signal);
  files.sort((a, b) => (a.path < b.path ? -1 : Number(a.path > b.path)));
  return {
    target: path,
    startedAt,
    durationMs: monotonicMs() - started,
    headersOnly: options.headersOnly ?? false,
    files,
    bytes: files.reduce((sum, { size }) => sum + size, 0),
    verdict: files.reduce<Verdict>((worst, { verdict }) => worseVerdict(worst, verdict), 'clean'),
    coverage: mergeCoverage(files.map(({ coverage }) => coverage)),
  };
}

function single(path: string): FolderEntry {
  const stat = statSync(path);
  const kind = stat.isFile() ? 'file' : 'special';
  return { path: basename(path), absolute: path, kind, size: stat.size, trouble: kind === 'file' ? null : 'special', detail: 'it is no file' };
}

function jobOf({ absolute, path, size }: FolderEntry, root: string, { headersOnly, limits }: FolderScanOptions): PoolJob {
  return { absolute, shown: path, root, size, headersOnly: headersOnly ?? false, limits: limits ?? {} };
}

const RULES: Readonly<Record<Exclude<FolderEntry['trouble'], null | 'unreadable'>, Rule>> = {
  outside: SCAN_RULES.linkOutside,
  broken: SCAN_RULES.linkBroken,
  special: SCAN_RULES.specialFile,
  'too-many': SCAN_RULES.tooManyFiles,
};

/** The report of something that is not scanned as a file. */
function troubled({ path, kind, trouble, detail }: FolderEntry): FileReport {
  const report = { ...unreadable(path, detail, monotonicMs()), kind };
  if (trouble === 'unreadable') return report;
  const coverage = { checked: [{ check: 'links and special files', times: 1 }], notChecked: report.coverage.notChecked };
  if (trouble === null) return { ...report, verdict: 'clean', error: null, other: 'link', coverage: { ...coverage, notChecked: [] } };
  const rule = RULES[trouble];
  return { ...report, verdict: rule.alarm, error: null, coverage, findings: [{ rule, path: [path], offset: null, detail }] };
}

interface Progress {
  readonly done: (report: FileReport) => void;
  readonly read: (path: string, bytes: number) => void;
}

function progressOf(jobs: readonly PoolJob[], tell: FolderScanOptions['onProgress']): Progress {
  const bytes = jobs.reduce((sum, { size }) => sum + size, 0);
  const reading = new Map<string, number>();
  let filesDone = 0;
  let finished = 0;
  const say = (path: string): void => {
    const bytesDone = finished + [...reading.values()].reduce((sum, part) => sum + part, 0);
    tell?.({ files: jobs.length, filesDone, bytes, bytesDone, path });
  };
  return {
    done: ({ path, size }) => {
      reading.delete(path);
      filesDone++;
      finished += size;
      say(path);
    },
    read: (path, more) => {
      reading.set(path, (reading.get(path) ?? 0) + more);
      say(path);
    },
  };
}
