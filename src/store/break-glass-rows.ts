import { and, desc, eq, isNull } from 'drizzle-orm';
import { breakGlass } from './approval-schema.ts';
import type { Statements } from './database.ts';

export type BreakGlassRow = typeof breakGlass.$inferSelect;

/** The row of this run, which is recorded once: the given one or an earlier one. Nobody can change it until the transaction ends. */
export async function insertBreakGlass({ orm }: Statements, row: BreakGlassRow): Promise<BreakGlassRow> {
  await orm.insert(breakGlass).values(row).onConflictDoNothing();
  const rows = await orm.select().from(breakGlass).where(eq(breakGlass.runId, row.runId)).for('share');
  return rows[0] ?? row;
}

export async function selectBreakGlass({ orm }: Statements, runId: string): Promise<BreakGlassRow | undefined> {
  const rows = await orm.select().from(breakGlass).where(eq(breakGlass.runId, runId));
  return rows[0];
}

/** Newest first. */
export async function selectUnreviewedBreakGlass({ orm }: Statements, limit: number): Promise<BreakGlassRow[]> {
  return await orm.select().from(breakGlass).where(isNull(breakGlass.reviewedAt)).orderBy(desc(breakGlass.at), desc(breakGlass.runId)).limit(limit);
}

/** The row with its review: this one, or the earlier one that it had. */
export async function reviewBreakGlass(
  statements: Statements,
  runId: string,
  review: { readonly by: string; readonly at: string; readonly note: string },
): Promise<BreakGlassRow | undefined> {
  await statements.orm
    .update(breakGlass)
    .set({ reviewedBy: review.by, reviewedAt: review.at, note: review.note })
    .where(and(eq(breakGlass.runId, runId), isNull(breakGlass.reviewedAt)));
  return selectBreakGlass(statements, runId);
}
