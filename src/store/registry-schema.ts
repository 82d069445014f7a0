import { bigint, boolean, integer, jsonb, pgTable, primaryKey, text, unique } from 'drizzle-orm/pg-core';
import { instant } from './instant.ts';

/** The tables of 0007-registry.sql as the query layer sees them. */

type Stage = 'registered' | 'validated' | 'staging' | 'production' | 'retired' | 'quarantined';

/** Order in which rows were inserted; given by the database. */
const position = () => bigint({ mode: 'number' }).generatedAlwaysAsIdentity();

export const registeredModel = pgTable(
  'registered_model',
  {
    id: text().primaryKey(),
    runId: text('run_id').notNull().unique(),
    name: text().notNull(),
    version: text().notNull(),
    digest: text().notNull().unique(),
    location: text().notNull(),
    imported: boolean().notNull(),
    files: integer().notNull(),
    bytes: bigint({ mode: 'number' }).notNull(),
    signature: jsonb().$type<{ readonly sha256: string; readonly mode: 'key' | 'certificate' | 'sigstore'; readonly signer: string }>(),
    datasets: jsonb().$type<readonly string[]>().notNull(),
    trainingRun: text('training_run'),
    licence: text(),
    owner: text().notNull(),
    stage: text().$type<Stage>().notNull(),
    stageAt: instant('stage_at').notNull(),
    registeredAt: instant('registered_at').notNull(),
    registeredBy: text('registered_by').notNull(),
    rowVersion: integer('row_version').notNull().default(1),
    position: position().unique(),
  },
  (table) => [unique().on(table.name, table.version)],
);

export const modelManifest = pgTable('model_manifest', {
  model: text()
    .primaryKey()
    .references(() => registeredModel.id),
  manifest: jsonb().$type<readonly { readonly name: string; readonly sha256: string }[]>().notNull(),
});

export const modelParent = pgTable(
  'model_parent',
  {
    model: text()
      .notNull()
      .references(() => registeredModel.id),
    ordinal: integer().notNull(),
    parent: text()
      .notNull()
      .references(() => registeredModel.id),
  },
  (table) => [primaryKey({ columns: [table.model, table.ordinal] })],
);

export const gateResult = pgTable(
  'gate_result',
  {
    position: position().primaryKey(),
    digest: text().notNull(),
    gate: text().notNull(),
    verdict: text().$type<'ok' | 'finding' | 'violation' | 'inconclusive'>().notNull(),
    summary: text().notNull(),
    runId: text('run_id').notNull(),
    at: instant().notNull(),
  },
  (table) => [unique().on(table.runId, table.gate, table.digest)],
);

export const stageChange = pgTable(
  'stage_change',
  {
    position: position().primaryKey(),
    model: text()
      .notNull()
      .references(() => registeredModel.id),
    from: text('from_stage').$type<Stage>(),
    to: text('to_stage').$type<Stage>().notNull(),
    by: text('author').notNull(),
    runId: text('run_id').notNull(),
    reason: text(),
    at: instant().notNull(),
  },
  (table) => [unique().on(table.model, table.runId)],
);
