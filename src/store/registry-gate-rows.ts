import { asc, desc, eq } from 'drizzle-orm';
import type { Statements } from './database.ts';
import { gateResult, stageChange } from './registry-schema.ts';

export type GateRow = Omit<typeof gateResult.$inferSelect, 'position'>;
export type StageChangeRow = Omit<typeof stageChange.$inferSelect, 'position'>;

const GATE_COLUMNS = {
  digest: gateResult.digest,
  gate: gateResult.gate,
  verdict: gateResult.verdict,
  summary: gateResult.summary,
  runId: gateResult.runId,
  at: gateResult.at,
};

const CHANGE_COLUMNS = {
  model: stageChange.model,
  from: stageChange.from,
  to: stageChange.to,
  by: stageChange.by,
  runId: stageChange.runId,
  reason: stageChange.reason,
  at: stageChange.at,
};

/** Once for each run, gate and digest. */
export async function insertGateResult({ orm }: Statements, row: GateRow): Promise<void> {
  await orm
    .insert(gateResult)
    .values(row)
    .onConflictDoNothing({ target: [gateResult.runId, gateResult.gate, gateResult.digest] });
}

/** The newest of each gate, in the order of their names. */
export async function selectNewestResults({ orm }: Statements, digest: string): Promise<GateRow[]> {
  return await orm
    .selectDistinctOn([gateResult.gate], GATE_COLUMNS)
    .from(gateResult)
    .where(eq(gateResult.digest, digest))
    .orderBy(asc(gateResult.gate), desc(gateResult.position));
}

/** Newest first. */
export async function selectResults({ orm }: Statements, digest: string, limit: number): Promise<GateRow[]> {
  return await orm.select(GATE_COLUMNS).from(gateResult).where(eq(gateResult.digest, digest)).orderBy(desc(gateResult.position)).limit(limit);
}

export async function insertStageChange({ orm }: Statements, row: StageChangeRow): Promise<void> {
  await orm.insert(stageChange).values(row);
}

/** Oldest first. */
export async function selectStageChanges({ orm }: Statements, model: string): Promise<StageChangeRow[]> {
  return await orm.select(CHANGE_COLUMNS).from(stageChange).where(eq(stageChange.model, model)).orderBy(asc(stageChange.position));
}
