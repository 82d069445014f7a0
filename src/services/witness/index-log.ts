import { asRecord } from '../../core/json.ts';
import type { LedgerEntry } from '../../ledger/entry.ts';
import { openLogReader, parseEntry } from '../../ledger/reader.ts';
import type { StoredEntry } from '../../ledger/reader.ts';
import type { Database } from '../../store/database.ts';
import { indexedSize, insertLedgerIndex } from '../../store/ledger-index-rows.ts';
import type { LedgerIndexRow } from '../../store/ledger-index-rows.ts';
import type { WitnessedLog } from './witnessed-log.ts';

const BATCH = 1_000;

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function rowOf(log: string, stored: StoredEntry): LedgerIndexRow {
  const entry: LedgerEntry = parseEntry(stored);
  const data = asRecord(entry.data);
  return {
    log,
    index: stored.index,
    at: entry.at,
    actor: entry.actor,
    kind: entry.kind,
    key: text(data?.['keyId']),
    model: entry.kind.startsWith('request.') ? entry.target : null,
    requestId: entry.id,
    data: entry.kind === 'session.issued' ? entry.data : null,
  };
}

/** Brings the search table up to the log's present checkpoint, from where it stands. Everything is checked as it is read. */
export async function indexLog(database: Database, log: WitnessedLog): Promise<void> {
  const from = await indexedSize(database, log.name);
  const reader = await openLogReader(log.source);
  if (reader.size <= from) return;
  let batch: LedgerIndexRow[] = [];
  for await (const stored of reader.entries(from)) {
    batch.push(rowOf(log.name, stored));
    if (batch.length < BATCH) continue;
    await insertLedgerIndex(database, batch);
    batch = [];
  }
  await insertLedgerIndex(database, batch);
}
