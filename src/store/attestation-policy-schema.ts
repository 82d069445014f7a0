import { integer, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { instant } from './instant.ts';

/** The table of 0009-attestation-policies.sql as the query layer sees it. */
export const attestationPolicy = pgTable(
  'attestation_policy',
  {
    name: text().notNull(),
    version: integer().notNull(),
    text: text().notNull(),
    sha256: text().notNull(),
    setBy: text('set_by').notNull(),
    setAt: instant('set_at').notNull(),
    runId: text('run_id').notNull().unique(),
  },
  (table) => [primaryKey({ columns: [table.name, table.version] })],
);
