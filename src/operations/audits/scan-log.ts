import type { LedgerEntry } from '../../ledger/entry.ts';
import { openLogReader, parseEntry } from '../../ledger/reader.ts';
import { directorySource } from '../../ledger/verify/tile-source.ts';
import type { LogFolder } from './log-folders.ts';

export interface ScannedEntry {
  readonly log: string;
  readonly index: number;
  readonly entry: LedgerEntry;
}

export interface LogScan {
  readonly log: string;
  /** Entries under the checkpoint. */
  readonly size: number;
  /** Newest first. */
  readonly entries: readonly ScannedEntry[];
  /** Whether everything from `sinceAt` on was looked at. */
  readonly complete: boolean;
}

const BLOCK = 256;

/**
 * The entries of a log from its end back to `sinceAt` (RFC 3339, null for the beginning), at most about `most`. Each is checked
 * against the checkpoint. The writer's clock may jump, so it goes on until a whole block is older.
 * INTEGRITY_VIOLATION or LOG_UNREADABLE.
 */
export async function scanBackwards(folder: LogFolder, sinceAt: string | null, most: number, signal: AbortSignal): Promise<LogScan> {
  const reader = await openLogReader(directorySource(folder.directory));
  const entries: ScannedEntry[] = [];
  let end = reader.size;
  let reachedSince = false;
  while (end > 0 && !reachedSince && reader.size - end < most) {
    signal.throwIfAborted();
    const start = Math.max(0, end - (end % BLOCK === 0 ? BLOCK : end % BLOCK));
    const block: ScannedEntry[] = [];
    for await (const stored of reader.entries(start, end)) block.push({ log: folder.log, index: stored.index, entry: parseEntry(stored) });
    const recent = block.filter(({ entry }) => sinceAt === null || entry.at >= sinceAt);
    reachedSince = recent.length === 0;
    entries.push(...recent.reverse());
    end = start;
  }
  return { log: folder.log, size: reader.size, entries, complete: end === 0 || reachedSince };
}
