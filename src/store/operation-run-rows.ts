import { eq, isNull } from 'drizzle-orm';
import type { Database } from './database.ts';
import { operationRun } from './schema.ts';

export type OperationRunRow = typeof operationRun.$inferSelect;
export type OpenedRun = Omit<OperationRunRow, 'outcome' | 'report'>;

/** Records a run as open, durable when it resolves. A run that had ended is opened again. */
export async function openRun(database: Database, run: OpenedRun): Promise<void> {
  const row = { ...run, outcome: null, report: null };
  await database.run(({ orm }) => orm.insert(operationRun).values(row).onConflictDoUpdate({ target: operationRun.id, set: row }));
}

export async function closeRun(database: Database, id: string, outcome: string, report: unknown): Promise<void> {
  await database.run(({ orm }) => orm.update(operationRun).set({ outcome, report }).where(eq(operationRun.id, id)));
}

export async function findRun(database: Database, id: string): Promise<OperationRunRow | undefined> {
  const rows = await database.run(({ orm }) => orm.select().from(operationRun).where(eq(operationRun.id, id)));
  return rows[0];
}

/** Runs without an end, oldest first: what a start has to resolve. */
export async function selectOpenRuns(database: Database): Promise<OperationRunRow[]> {
  return await database.run(({ orm }) => orm.select().from(operationRun).where(isNull(operationRun.outcome)).orderBy(operationRun.openedAt, operationRun.id));
}
