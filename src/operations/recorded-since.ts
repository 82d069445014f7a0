import { openLogReader, parseEntry } from '../ledger/reader.ts';
import { directorySource } from '../ledger/verify/tile-source.ts';
import type { RecordedSince } from './spool.ts';

/**
 * Looks into the files of the control log. Right after openLog the checkpoint covers every entry, so that nothing is
 * overlooked; later, entries of the last second may not be seen yet.
 */
export function createRecordedSince(controlLog: string): RecordedSince {
  return async (runId, from) => {
    const reader = await openLogReader(directorySource(controlLog));
    const recorded = { intent: false, done: false };
    for await (const stored of reader.entries(Math.min(from, reader.size))) {
      const entry = parseEntry(stored);
      if (entry.id !== runId) continue;
      recorded.intent ||= entry.kind === 'operation.intent';
      recorded.done ||= entry.kind === 'operation.done';
    }
    return recorded;
  };
}
