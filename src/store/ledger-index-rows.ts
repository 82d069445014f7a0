import { and, desc, eq, gte, lt, max } from 'drizzle-orm';
import type { Database } from './database.ts';
import { ledgerIndex } from './schema.ts';
import { storable } from './storable.ts';

export interface LedgerIndexRow {
  readonly log: string;
  readonly index: number;
  readonly at: string;
  readonly actor: string;
  readonly kind: string;
  readonly key: string | null;
  readonly model: string | null;
  /** Id of what the entry is about: request, session or run. */
  readonly requestId: string;
  /** Kept for `session.issued` only. */
  readonly data: unknown;
}

/** Adds entries in one statement; those that are there already stay as they are. */
export async function insertLedgerIndex(database: Database, rows: readonly LedgerIndexRow[]): Promise<void> {
  if (rows.length === 0) return;
  const column = (value: (row: LedgerIndexRow) => unknown): unknown[] => rows.map((row) => storable(value(row)));
  const data = column((row) => (row.data === null || row.data === undefined ? null : JSON.stringify(storable(row.data))));
  await database.transaction(({ connection }) =>
    connection.query({
      text: `insert into ledger_index (log, index, at, actor, kind, key, model, request_id, data)
        select * from unnest($1::text[], $2::bigint[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::jsonb[])
        on conflict do nothing`,
      values: [
        column((row) => row.log),
        column((row) => row.index),
        column((row) => row.at),
        column((row) => row.actor),
        column((row) => row.kind),
        column((row) => row.key),
        column((row) => row.model),
        column((row) => row.requestId),
        data,
      ],
    }),
  );
}

export interface LedgerSearch {
  readonly log?: string;
  readonly requestId?: string;
  readonly kind?: string;
  readonly key?: string;
  /** RFC 3339, inclusive. */
  readonly from?: string;
  /** RFC 3339, exclusive. */
  readonly to?: string;
  readonly limit: number;
}

/** Entries that fit all that is given, newest first. Search, never proof. */
export async function searchLedgerIndex(database: Database, search: LedgerSearch): Promise<LedgerIndexRow[]> {
  const conditions = [
    search.log === undefined ? undefined : eq(ledgerIndex.log, search.log),
    search.requestId === undefined ? undefined : eq(ledgerIndex.requestId, search.requestId),
    search.kind === undefined ? undefined : eq(ledgerIndex.kind, search.kind),
    search.key === undefined ? undefined : eq(ledgerIndex.key, search.key),
    search.from === undefined ? undefined : gte(ledgerIndex.at, search.from),
    search.to === undefined ? undefined : lt(ledgerIndex.at, search.to),
  ];
  return await database.run(({ orm }) =>
    orm
      .select()
      .from(ledgerIndex)
      .where(and(...conditions))
      .orderBy(desc(ledgerIndex.at), ledgerIndex.log, desc(ledgerIndex.index))
      .limit(search.limit),
  );
}

/** Number of entries of a log that are indexed, counted by the highest index: where the next read of the log starts. */
export async function indexedSize(database: Database, log: string): Promise<number> {
  const rows = await database.run(({ orm }) =>
    orm
      .select({ last: max(ledgerIndex.index) })
      .from(ledgerIndex)
      .where(eq(ledgerIndex.log, log)),
  );
  return (rows[0]?.last ?? -1) + 1;
}
