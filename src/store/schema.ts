import { bigint, boolean, integer, jsonb, pgTable, primaryKey, text, unique } from 'drizzle-orm/pg-core';
import { instant } from './instant.ts';
import type { IsolationRow, RouteTargetRow, UpstreamRow } from './posture-shapes.ts';

/** The tables as the query layer sees them; the SQL of migrations/ makes them, and a test compares the two. */

const singleton = () => boolean().primaryKey().default(true);
const count = () => bigint({ mode: 'number' });

export const installation = pgTable('installation', {
  singleton: singleton(),
  id: text().notNull(),
  sessionGeneration: bigint('session_generation', { mode: 'number' }).notNull().default(1),
  sessionKey: text('session_key').notNull(),
  streamGraceMs: integer('stream_grace_ms').notNull().default(0),
});

/** @public Read and raised by the SQL of posture-writer.ts. */
export const postureVersion = pgTable('posture_version', { singleton: singleton(), version: count().notNull() });

export const postureChange = pgTable(
  'posture_change',
  {
    version: count().primaryKey(),
    runId: text('run_id').notNull(),
    change: text().notNull(),
    operation: text().notNull(),
    actor: text().notNull(),
    at: instant().notNull(),
    summary: jsonb().notNull(),
  },
  (table) => [unique('posture_change_once').on(table.runId, table.change)],
);

export const isolation = pgTable(
  'isolation',
  {
    scope: text().$type<IsolationRow['scope']>().notNull(),
    target: text(),
    reason: text().notNull(),
    author: text().notNull(),
    at: instant().notNull(),
  },
  (table) => [unique('isolation_once').on(table.scope, table.target).nullsNotDistinct()],
);

export const upstream = pgTable('upstream', {
  name: text().primaryKey(),
  url: text().notNull(),
  engine: text().$type<UpstreamRow['engine']>().notNull(),
  tokenFile: text('token_file'),
});

export const route = pgTable('route', {
  model: text().primaryKey(),
  targets: jsonb().$type<readonly RouteTargetRow[]>().notNull(),
  backup: jsonb().$type<RouteTargetRow>(),
  active: text().$type<'primary' | 'backup'>().notNull(),
});

export const passThrough = pgTable('pass_through', { path: text().primaryKey(), upstream: text().notNull() });

/** @public Written by the SQL of posture-rows.ts. */
export const subject = pgTable('subject', { id: text().primaryKey(), wrappedKey: text('wrapped_key'), changed: count().notNull() });

export const apiKey = pgTable('api_key', {
  id: text().primaryKey(),
  sha256: text().notNull().unique(),
  name: text().notNull(),
  subject: text()
    .notNull()
    .references(() => subject.id),
  generation: count().notNull().default(1),
  revokedAt: instant('revoked_at'),
  models: jsonb().$type<readonly string[]>(),
  concurrency: integer(),
  requestsPerMinute: integer('requests_per_minute'),
  tokensPerMinute: integer('tokens_per_minute'),
  changed: count().notNull(),
});

export const operationRun = pgTable('operation_run', {
  id: text().primaryKey(),
  operation: text().notNull(),
  actor: text().notNull(),
  ref: text(),
  inputSha256: text('input_sha256').notNull(),
  planSha256: text('plan_sha256').notNull(),
  logSize: bigint('log_size', { mode: 'number' }).notNull(),
  openedAt: instant('opened_at').notNull(),
  outcome: text(),
  report: jsonb().$type<unknown>(),
  log: text().notNull().default('control'),
  begunIn: text('begun_in'),
});

export const logHead = pgTable('log_head', {
  log: text().primaryKey(),
  size: count().notNull(),
  root: text().notNull(),
  vkey: text().notNull(),
  refused: boolean().notNull().default(false),
  cosignedAt: instant('cosigned_at').notNull(),
  note: text().notNull(),
});

export const ledgerIndex = pgTable(
  'ledger_index',
  {
    log: text().notNull(),
    index: count().notNull(),
    at: instant().notNull(),
    actor: text().notNull(),
    kind: text().notNull(),
    key: text(),
    model: text(),
    requestId: text('request_id').notNull(),
    data: jsonb().$type<unknown>(),
  },
  (table) => [primaryKey({ columns: [table.log, table.index] })],
);
