import { and, asc, desc, eq, isNull, sql } from 'drizzle-orm';
import type { Statements } from './database.ts';
import { runbookDocument, runbookRun, runbookStep } from './run-schema.ts';
import { storable } from './storable.ts';

export type RunRow = typeof runbookRun.$inferSelect;
export type StepRow = typeof runbookStep.$inferSelect;

const STEPS_AT_ONCE = 200;

/** A new run with its steps and its text. False, and nothing is written, when there is a run of this id. */
export async function insertRunbookRun({ orm }: Statements, run: RunRow, steps: readonly StepRow[], text: string): Promise<boolean> {
  await orm.insert(runbookDocument).values({ sha256: run.document, text }).onConflictDoNothing();
  const rows = await orm
    .insert(runbookRun)
    .values({ ...run, details: storable(run.details) })
    .onConflictDoNothing()
    .returning({ id: runbookRun.id });
  if (rows.length === 0) return false;
  for (let at = 0; at < steps.length; at += STEPS_AT_ONCE) {
    await orm.insert(runbookStep).values(steps.slice(at, at + STEPS_AT_ONCE).map((step) => ({ ...step, details: storable(step.details) })));
  }
  return true;
}

export async function selectRunbookRun({ orm }: Statements, id: string): Promise<RunRow | undefined> {
  const rows = await orm.select().from(runbookRun).where(eq(runbookRun.id, id));
  return rows[0];
}

/** The same, and nobody else changes it until the transaction ends. */
export async function lockRunbookRun({ orm }: Statements, id: string): Promise<RunRow | undefined> {
  const rows = await orm.select().from(runbookRun).where(eq(runbookRun.id, id)).for('update');
  return rows[0];
}

export async function selectRunbookSteps({ orm }: Statements, run: string): Promise<StepRow[]> {
  return await orm.select().from(runbookStep).where(eq(runbookStep.run, run)).orderBy(asc(runbookStep.index));
}

export async function selectRunbookStep({ orm }: Statements, run: string, index: number): Promise<StepRow | undefined> {
  const rows = await orm
    .select()
    .from(runbookStep)
    .where(and(eq(runbookStep.run, run), eq(runbookStep.index, index)));
  return rows[0];
}

export async function updateRunbookRun({ orm }: Statements, run: RunRow): Promise<void> {
  const { state, attempt, endedAt, details } = run;
  await orm
    .update(runbookRun)
    .set({ state, attempt, endedAt, details: storable(details) })
    .where(eq(runbookRun.id, run.id));
}

export async function updateRunbookStep({ orm }: Statements, step: StepRow): Promise<void> {
  await orm
    .update(runbookStep)
    .set({ state: step.state, details: storable(step.details) })
    .where(and(eq(runbookStep.run, step.run), eq(runbookStep.index, step.index)));
}

export async function selectRunbookText({ orm }: Statements, sha256: string): Promise<string | undefined> {
  const rows = await orm.select({ text: runbookDocument.text }).from(runbookDocument).where(eq(runbookDocument.sha256, sha256));
  return rows[0]?.text;
}

/** Newest first. */
export async function selectNewestRuns({ orm }: Statements, limit: number): Promise<RunRow[]> {
  return await orm.select().from(runbookRun).orderBy(desc(runbookRun.openedAt), desc(runbookRun.id)).limit(limit);
}

/** Runs that have not ended, oldest first. */
export async function selectOpenRunbookRuns({ orm }: Statements): Promise<RunRow[]> {
  return await orm.select().from(runbookRun).where(isNull(runbookRun.endedAt)).orderBy(asc(runbookRun.openedAt), asc(runbookRun.id));
}

/** Workflows of the durable engine that another version of it has left: they wait for ever. Empty when the engine never ran. */
export async function selectStrandedWorkflows({ orm }: Statements, version: string): Promise<string[]> {
  const { rows: known } = await orm.execute<{ known: boolean }>(sql`select to_regclass('dbos.workflow_status') is not null as known`);
  if (known[0]?.known !== true) return [];
  const { rows } = await orm.execute<{ id: string }>(
    sql`select workflow_uuid as id from dbos.workflow_status where status in ('PENDING', 'ENQUEUED') and application_version is distinct from ${version} order by 1 limit 100`,
  );
  return rows.map(({ id }) => id);
}
