import { customType, integer, jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';

/** The tables of runs as the query layer sees them; migrations/0003-runs.sql makes them, and a test compares the two. */

/** RFC 3339 text in this program, timestamptz(3) in the database. */
const instant = customType<{ data: string; driverData: string }>({
  dataType: () => 'timestamp (3) with time zone',
  fromDriver: (value) => new Date(value).toISOString(),
});

export const runbookDocument = pgTable('runbook_document', { sha256: text().primaryKey(), text: text().notNull() });

export const runbookRun = pgTable('runbook_run', {
  id: text().primaryKey(),
  document: text()
    .notNull()
    .references(() => runbookDocument.sha256),
  state: text().notNull(),
  attempt: integer().notNull().default(1),
  openedAt: instant('opened_at').notNull(),
  endedAt: instant('ended_at'),
  details: jsonb().$type<unknown>().notNull(),
});

export const runbookStep = pgTable(
  'runbook_step',
  {
    run: text()
      .notNull()
      .references(() => runbookRun.id),
    index: integer().notNull(),
    state: text().notNull(),
    details: jsonb().$type<unknown>().notNull(),
  },
  (table) => [primaryKey({ columns: [table.run, table.index] })],
);
