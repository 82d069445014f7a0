import { createHash } from 'node:crypto';
import { dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import { realpathSync } from 'node:fs';
import { monotonicMs } from '../../core/clock.ts';
import type { ByteSource } from '../bytes/byte-source.ts';
import { FileSource } from '../bytes/file-source.ts';
import { verdictOf, type FileReport } from '../findings/report.ts';
import { worseVerdict, type Verdict } from '../findings/verdict.ts';
import { DEFAULT_LIMITS, deadlineSignal, TimeOver, timeLimitMs, type ScanLimits } from './limits.ts';
import type { Reader } from './reader.ts';
import { READERS } from './readers.ts';
import { SCAN_RULES } from './scan-rules.ts';
import { ScanState } from './scan-state.ts';
import { ScanUnit, type Siblings, type UnitResult } from './scan-unit.ts';
import { unreadable } from './unreadable-file.ts';

export interface ScanOptions {
  /** Reads only what readers ask for: no digest, no check of every byte. Said in the coverage. Default false. */
  readonly headersOnly?: boolean;
  readonly limits?: Partial<ScanLimits>;
  /** Stops the scan: it rejects with the reason. */
  readonly signal?: AbortSignal;
  /** Called with the bytes that were read since the last call, in the pass that reads everything. */
  readonly onBytes?: (bytes: number) => void;
  /** Default: all of them. */
  readonly readers?: readonly Reader[];
}

const MAX_SIBLINGS = 256;

/**
 * Scans one file. What bytes can cause is in the report; a file that cannot be opened has `error`. `shownAs` is its path in the report,
 * `root` the folder that siblings may not leave (default: its own).
 */
export async function scanFile(path: string, options: ScanOptions = {}, shownAs?: string, root = dirname(path)): Promise<FileReport> {
  const shown = shownAs ?? path.slice(path.lastIndexOf(sep) + 1);
  const started = monotonicMs();
  let source: FileSource;
  try {
    source = FileSource.open(path);
  } catch (error) {
    return unreadable(shown, error instanceof Error ? error.message : String(error), started);
  }
  const opened: FileSource[] = [];
  try {
    return await scanSource(source, shown, options, siblingsOf(path, root, opened));
  } catch (error) {
    options.signal?.throwIfAborted();
    return unreadable(shown, error instanceof Error ? error.message : String(error), started);
  } finally {
    for (const file of [source, ...opened]) file.close();
  }
}

/** Opens files beside a scanned one, each once; never one that lies outside of the root, by links either. */
function siblingsOf(path: string, root: string, opened: FileSource[]): Siblings {
  const known = new Map<string, FileSource | undefined>();
  return (wanted) => {
    if (known.has(wanted)) return known.get(wanted);
    const found = known.size < MAX_SIBLINGS ? openBelow(resolve(dirname(path), wanted), root) : undefined;
    if (found !== undefined) opened.push(found);
    known.set(wanted, found);
    return found;
  };
}

function openBelow(path: string, root: string): FileSource | undefined {
  try {
    const below = relative(realpathSync(root), realpathSync(path));
    return below === '' || below.split(sep)[0] === '..' || isAbsolute(below) ? undefined : FileSource.open(path);
  } catch {
    return undefined;
  }
}

/** Scans bytes under a name. Rejects only when `options.signal` aborts, or when the system cannot read or write. */
export async function scanSource(source: ByteSource, name: string, options: ScanOptions = {}, siblings: Siblings = () => undefined): Promise<FileReport> {
  const started = monotonicMs();
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const signal = deadlineSignal(timeLimitMs(limits, source.size), options.signal);
  const state = new ScanState(options.readers ?? READERS, limits, options.headersOnly ?? false, signal, source.size);
  const unit = new ScanUnit(state, source, [name], 0, siblings);
  let result: UnitResult | undefined;
  let sha256: string | null = null;
  try {
    result = await unit.scan('file');
    sha256 = await readToTheEnd(unit, state, options.onBytes);
    if (source instanceof FileSource && source.changed()) unit.found(SCAN_RULES.changed, null, 'size or time is another than at the start');
  } catch (error) {
    if (!(error instanceof TimeOver)) throw error;
    unit.found(SCAN_RULES.tooLong, null, error.message);
    unit.notChecked('everything behind the time limit', error.message);
  } finally {
    state.spool.close();
  }
  const formats = [...state.formats];
  const other = result?.other ?? null;
  return {
    path: name,
    kind: 'file',
    size: source.size,
    sha256,
    formats,
    other,
    verdict: verdict(state, (result?.readers.length ?? 0) > 0 || other !== null),
    findings: state.findings,
    coverage: state.coverage(),
    error: null,
    durationMs: monotonicMs() - started,
  };
}

function verdict(state: ScanState, readable: boolean): Verdict {
  return worseVerdict(state.worst, verdictOf(state.findings, readable));
}

async function readToTheEnd(unit: ScanUnit, state: ScanState, onBytes?: (bytes: number) => void): Promise<string | null> {
  if (state.headersOnly) {
    unit.notChecked('sha256 of the file', 'headers only');
    return null;
  }
  const hash = createHash('sha256');
  const whole = await unit.everyByteRead((chunk) => {
    hash.update(chunk);
    onBytes?.(chunk.length);
  });
  if (!whole) return null;
  unit.checked('sha256 of the file');
  return hash.digest('hex');
}
