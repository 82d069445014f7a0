import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFile, syncFolder } from '../core/atomic-file.ts';
import { asRecord } from '../core/json.ts';
import type { Json, LedgerEntry } from '../ledger/entry.ts';
import type { LedgerLog } from '../ledger/log.ts';

/**
 * Records that could not be written to the control log: one file per run, `{v, from, entries}`. `from` is the size that the
 * log had before the entries were first appended, so that a crash in between never records a run twice; null before that.
 */
const FILE_NAME = /^(run_[0-9a-z]{26})\.json$/;

interface SpoolFile {
  readonly v: 1;
  readonly from: number | null;
  readonly entries: readonly LedgerEntry[];
}

/** Which entries of a run stand in the control log at or after an index. */
export interface RecordedEntries {
  readonly intent: boolean;
  readonly done: boolean;
}

const NOTHING: RecordedEntries = { intent: false, done: false };

/** Reads the control log from its files; `from` is a size that the log had earlier. */
export type RecordedSince = (runId: string, from: number) => Promise<RecordedEntries>;

export interface Drained {
  /** Runs whose entries are in the log now. */
  readonly appended: readonly string[];
  /** Files that hold no operation entries: renamed to `.rejected` and left for a person. */
  readonly rejected: readonly string[];
}

/** Leaves the entries of one run for the next start. Atomic and durable when it returns. */
export function spoolEntries(spool: string, runId: string, entries: readonly LedgerEntry[], from: number | null = null): void {
  mkdirSync(spool, { recursive: true, mode: 0o700 });
  const content: SpoolFile = { v: 1, from, entries };
  replaceFile(join(spool, `${runId}.json`), JSON.stringify(content) + '\n');
}

/** Takes a record back, because the log has it after all. */
export function unspool(spool: string, runId: string): void {
  rmSync(join(spool, `${runId}.json`), { force: true });
  syncFolder(spool);
}

function isOperationEntry(value: unknown, runId: string): value is LedgerEntry {
  const entry = asRecord(value);
  if (entry === undefined) return false;
  const { v, kind, id, at, actor, action, target, outcome, ref } = entry;
  const texts = [at, actor, action, target, outcome].every((text) => typeof text === 'string');
  return v === 1 && (kind === 'operation.intent' || kind === 'operation.done') && id === runId && texts && (ref === null || typeof ref === 'string');
}

/** The content of a spool file, or undefined when it is not what spoolEntries writes. */
function readSpoolFile(path: string, runId: string): SpoolFile | undefined {
  let content: Record<string, unknown> | undefined;
  try {
    content = asRecord(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return undefined;
  }
  if (content === undefined) return undefined;
  const { v, from, entries } = content;
  const fromIsSound = from === null || (typeof from === 'number' && Number.isSafeInteger(from) && from >= 0);
  if (v !== 1 || !fromIsSound || !Array.isArray(entries) || entries.length === 0) return undefined;
  return entries.every((entry) => isOperationEntry(entry, runId)) ? { v, from, entries } : undefined;
}

function asSpooled(entry: LedgerEntry): LedgerEntry {
  return { ...entry, data: { ...(asRecord(entry.data) as Record<string, Json> | undefined), spooled: true } };
}

/** Appends what the spool holds to the control log, oldest run first, and removes each file once its entries are durable. */
export async function drainSpool(spool: string, log: LedgerLog, recordedSince: RecordedSince): Promise<Drained> {
  const appended: string[] = [];
  const rejected: string[] = [];
  mkdirSync(spool, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(spool).sort()) {
    const runId = FILE_NAME.exec(name)?.[1];
    if (runId === undefined) continue;
    const file = readSpoolFile(join(spool, name), runId);
    if (file === undefined) {
      renameSync(join(spool, name), join(spool, `${name}.rejected`));
      rejected.push(name);
      continue;
    }
    if (file.from === null) spoolEntries(spool, runId, file.entries, log.size());
    const already = file.from === null ? NOTHING : await recordedSince(runId, file.from);
    for (const entry of file.entries) {
      if (!already[entry.kind === 'operation.intent' ? 'intent' : 'done']) await log.appendSigned(asSpooled(entry));
    }
    unspool(spool, runId);
    appended.push(runId);
  }
  return { appended, rejected };
}
