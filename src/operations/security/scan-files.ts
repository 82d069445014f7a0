import { statSync } from 'node:fs';
import { basename } from 'node:path';
import type { FileReport, ScanReport } from '../../artifacts/findings/report.ts';
import type { ScanProgress } from '../../artifacts/scan/scan-folder.ts';
import { scanFolder } from '../../artifacts/scan/scan-folder.ts';
import { monotonicMs } from '../../core/clock.ts';
import type { OperationContext } from '../context.ts';

const TOLD_EVERY_MS = 200;
/** In the control plane a gateway of the same host must go on serving. */
const CONTROL_THREADS = 2;

/** An adapter that is scanned besides the model. */
export interface GivenAdapter {
  /** Absolute. */
  readonly path: string;
  /** What stands before its paths in the report. */
  readonly label: string;
}

export function givenAdapter(path: string): GivenAdapter {
  return { path, label: statSync(path).isDirectory() ? `adapter:${basename(path)}/` : 'adapter:' };
}

function progressTeller(context: OperationContext): (progress: ScanProgress) => void {
  let toldMs = 0;
  return ({ bytes, bytesDone, files, filesDone, path }) => {
    if (monotonicMs() - toldMs < TOLD_EVERY_MS && filesDone < files) return;
    toldMs = monotonicMs();
    const percent = bytes === 0 ? 100 : Math.min(100, Math.floor((100 * bytesDone) / bytes));
    context.progress(`scanning ${String(percent)} %, ${String(filesDone)} of ${String(files)} files: ${path}`);
  };
}

/** Scans a file or folder in threads. Rejects with the signal's reason. */
export function scanFiles(context: OperationContext, path: string, headersOnly: boolean): Promise<ScanReport> {
  const threads = context.local ? {} : { threads: CONTROL_THREADS };
  return scanFolder(path, { headersOnly, signal: context.signal, onProgress: progressTeller(context), ...threads });
}

/** The files of adapters, their paths under the label of each. */
export async function scanAdapters(context: OperationContext, adapters: readonly GivenAdapter[], headersOnly: boolean): Promise<FileReport[]> {
  const found: FileReport[] = [];
  for (const { path, label } of adapters) {
    const { files } = await scanFiles(context, path, headersOnly);
    found.push(...files.map((file) => under(file, label)));
  }
  return found;
}

function under(file: FileReport, label: string): FileReport {
  const moved = (path: readonly string[]): readonly string[] => path.map((part, at) => (at === 0 ? label + part : part));
  return {
    ...file,
    path: label + file.path,
    findings: file.findings.map((finding) => ({ ...finding, path: moved(finding.path) })),
    coverage: { checked: file.coverage.checked, notChecked: file.coverage.notChecked.map((one) => ({ ...one, path: moved(one.path) })) },
  };
}
