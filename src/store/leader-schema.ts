import { bigint, boolean, pgTable, text } from 'drizzle-orm/pg-core';
import { instant } from './instant.ts';

/** The row of who leads (0002-leader.sql makes it). */
export const leader = pgTable('leader', {
  singleton: boolean().primaryKey().default(true),
  epoch: bigint({ mode: 'number' }).notNull().default(0),
  holder: text(),
  name: text(),
  url: text(),
  sessionKey: text('session_key'),
  subjectKey: text('subject_key'),
  renewedAt: instant('renewed_at'),
});
