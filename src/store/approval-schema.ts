import { integer, jsonb, pgTable, primaryKey, text, unique } from 'drizzle-orm/pg-core';
import { instant } from './instant.ts';

/** The tables of approvals as the query layer sees them (0004-approvals.sql makes them). */

export const approvalRequest = pgTable('approval_request', {
  id: text().primaryKey(),
  runId: text('run_id').notNull().unique(),
  payload: text().notNull(),
  required: integer().notNull(),
  requester: text().notNull(),
  expiresAt: instant('expires_at').notNull(),
  reason: text().notNull(),
  ref: text(),
  createdAt: instant('created_at').notNull(),
  declinedBy: text('declined_by'),
  declinedAt: instant('declined_at'),
  declineReason: text('decline_reason'),
  expiredAt: instant('expired_at'),
  usedBy: text('used_by'),
  usedAt: instant('used_at'),
});

export const approvalSignature = pgTable(
  'approval_signature',
  {
    request: text()
      .notNull()
      .references(() => approvalRequest.id),
    person: text().notNull(),
    keyId: text('key_id').notNull(),
    signature: jsonb().$type<unknown>().notNull(),
    at: instant().notNull(),
  },
  (table) => [primaryKey({ columns: [table.request, table.person] }), unique('approval_signature_key_once').on(table.request, table.keyId)],
);

export const breakGlass = pgTable('break_glass', {
  runId: text('run_id').primaryKey(),
  operation: text().notNull(),
  actor: text().notNull(),
  reason: text().notNull(),
  at: instant().notNull(),
  reviewedBy: text('reviewed_by'),
  reviewedAt: instant('reviewed_at'),
  note: text(),
});
