import { jsonb, pgTable, text } from 'drizzle-orm/pg-core';
import { instant } from './instant.ts';

/** The tables of 0006-changes.sql as the query layer sees them. */

export const changeRequest = pgTable('change_request', {
  id: text().primaryKey(),
  runId: text('run_id').notNull().unique(),
  title: text().notNull(),
  description: text().notNull(),
  risk: text().$type<'read' | 'change' | 'destroy'>().notNull(),
  systems: jsonb().$type<readonly string[]>().notNull(),
  operation: text(),
  planSha256: text('plan_sha256'),
  changes: jsonb().$type<readonly string[]>().notNull(),
  rollback: text(),
  requester: text().notNull(),
  createdAt: instant('created_at').notNull(),
  reviewedBy: text('reviewed_by'),
  reviewedAt: instant('reviewed_at'),
  decision: text().$type<'approved' | 'declined'>(),
  note: text(),
  scheduledBy: text('scheduled_by'),
  startsAt: instant('starts_at'),
  endsAt: instant('ends_at'),
});

export const runSchedule = pgTable('run_schedule', {
  name: text().primaryKey(),
  cron: text().notNull(),
  timezone: text().notNull(),
  seenUntil: instant('seen_until').notNull(),
  dueAt: instant('due_at'),
  runId: text('run_id'),
  state: text().$type<'claimed' | 'started' | 'failed'>(),
  problem: text(),
  skippedAt: instant('skipped_at'),
  skippedRun: text('skipped_run'),
});
