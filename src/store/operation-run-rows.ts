import { and, eq, isNull, sql } from 'drizzle-orm';
import type { Database } from './database.ts';
import { operationRun } from './schema.ts';
import { storable } from './storable.ts';

export type OperationRunRow = typeof operationRun.$inferSelect;
export type OpenedRun = Omit<OperationRunRow, 'outcome' | 'report' | 'begunIn'>;

/** Records a run as open, durable when it resolves. A run that had ended is opened again. */
export async function openRun(database: Database, run: OpenedRun): Promise<void> {
  const row = { ...run, outcome: null, report: null };
  await database.transaction(({ orm }) => orm.insert(operationRun).values(row).onConflictDoUpdate({ target: operationRun.id, set: row }));
}

/** From now on the run is recorded in another log, where nothing about it stands before `logSize`. */
export async function adoptRun(database: Database, id: string, log: string, logSize: number): Promise<void> {
  const begunIn = sql`coalesce(${operationRun.begunIn}, ${operationRun.log})`;
  await database.transaction(({ orm }) => orm.update(operationRun).set({ log, logSize, begunIn }).where(eq(operationRun.id, id)));
}

/** Of a run that is open; another one has a report already. */
export async function keepReport(database: Database, id: string, report: unknown): Promise<void> {
  const isOpen = and(eq(operationRun.id, id), isNull(operationRun.outcome));
  await database.transaction(({ orm }) =>
    orm
      .update(operationRun)
      .set({ report: storable(report) })
      .where(isOpen),
  );
}

export async function closeRun(database: Database, id: string, outcome: string, report: unknown): Promise<void> {
  await database.transaction(({ orm }) =>
    orm
      .update(operationRun)
      .set({ outcome, report: storable(report) })
      .where(eq(operationRun.id, id)),
  );
}

export async function findRun(database: Database, id: string): Promise<OperationRunRow | undefined> {
  const rows = await database.run(({ orm }) => orm.select().from(operationRun).where(eq(operationRun.id, id)));
  return rows[0];
}

/** Runs without an end, oldest first: what a start has to resolve. */
export async function selectOpenRuns(database: Database): Promise<OperationRunRow[]> {
  return await database.run(({ orm }) => orm.select().from(operationRun).where(isNull(operationRun.outcome)).orderBy(operationRun.openedAt, operationRun.id));
}
