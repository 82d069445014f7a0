import { ElulmcError } from '../core/errors.ts';
import type { LedgerEntry } from '../ledger/entry.ts';
import { openLogReader, parseEntry } from '../ledger/reader.ts';
import { directorySource } from '../ledger/verify/tile-source.ts';
import { formatTlogProof, parseTlogProof } from '../ledger/verify/tlog-proof.ts';
import type { EntryProof, RunEntry, RunLedger } from '../runbook/export.ts';
import type { ControlLogPlace } from './control-identity.ts';

type Reader = Awaited<ReturnType<typeof openLogReader>>;

/** Clocks are set, and set back: entries are looked for this long before and after the run. */
const MARGIN_MS = 10 * 60_000;

async function entryAt(reader: Reader, index: number): Promise<LedgerEntry | undefined> {
  for await (const stored of reader.entries(index, index + 1)) return parseEntry(stored);
  return undefined;
}

/** An index before which no entry is as new as `at`, as far as the writer's clock went forward. */
async function firstSince(reader: Reader, at: string): Promise<number> {
  let low = 0;
  let high = reader.size;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const entry = await entryAt(reader, middle);
    if (entry !== undefined && entry.at < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

function later(at: string, ms: number): string {
  return new Date(Date.parse(at) + ms).toISOString();
}

/**
 * The entries of runs in the control log of this home, and their proofs, each under the newest checkpoint. Rejects with
 * LOG_UNREADABLE, INTEGRITY_VIOLATION, NOT_FOUND for an entry of another control plane's log, or FIELD_INVALID for one that no
 * checkpoint covers yet.
 */
export function createRunLedger({ name, directory }: Pick<ControlLogPlace, 'name' | 'directory'>): RunLedger {
  const open = (): Promise<Reader> => openLogReader(directorySource(directory));
  return {
    entriesOf: async ({ id, openedAt, endedAt }) => {
      const reader = await open();
      const until = endedAt === null ? undefined : later(endedAt, MARGIN_MS);
      const found: RunEntry[] = [];
      for await (const stored of reader.entries(await firstSince(reader, later(openedAt, -MARGIN_MS)))) {
        const entry = parseEntry(stored);
        if (until !== undefined && entry.at > until) break;
        if (entry.id !== id && entry.ref !== id) continue;
        found.push({ position: { log: name, index: stored.index }, id: entry.id, kind: entry.kind, action: entry.action });
      }
      return found;
    },
    proofOf: async ({ log, index }): Promise<EntryProof> => {
      if (log !== name) throw new ElulmcError('NOT_FOUND', `the log ${log} belongs to another control plane: export the run there`);
      const reader = await open();
      let entry: Buffer | undefined;
      for await (const stored of reader.entries(index, index + 1)) entry = stored.bytes;
      const proof = parseTlogProof(await reader.proveInclusion(index));
      // The entry travels in the extra line: one text is then enough to check it.
      return { proof: formatTlogProof({ ...proof, extra: entry }).toString('utf8'), entry: entry?.toString('utf8') ?? '', key: reader.vkey };
    },
  };
}
