import { pgTable, text } from 'drizzle-orm/pg-core';
import { instant } from './instant.ts';

/** The table of 0008-waivers.sql as the query layer sees it. */
export const waiver = pgTable('waiver', {
  id: text().primaryKey(),
  runId: text('run_id').notNull().unique(),
  digest: text().notNull(),
  rule: text().notNull(),
  path: text(),
  reason: text().notNull(),
  owner: text().notNull(),
  until: instant('until').notNull(),
  createdAt: instant('created_at').notNull(),
  createdBy: text('created_by').notNull(),
  revokedAt: instant('revoked_at'),
  revokedBy: text('revoked_by'),
  revokedReason: text('revoked_reason'),
});
