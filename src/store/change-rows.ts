import { and, desc, eq, gt, isNull, lt } from 'drizzle-orm';
import { ElulmcError } from '../core/errors.ts';
import type { Statements } from './database.ts';
import { changeRequest } from './change-schema.ts';

export type ChangeRow = typeof changeRequest.$inferSelect;
export type NewChangeRow = Omit<ChangeRow, 'reviewedBy' | 'reviewedAt' | 'decision' | 'note' | 'scheduledBy' | 'startsAt' | 'endsAt'>;

/** Any constant: whoever schedules a change takes this lock first, so that each sees what the others have scheduled. */
const SCHEDULE_LOCK = 4_180_006;

/** The stored row: of several with one run id only the first is stored. */
export async function insertChange({ orm }: Statements, row: NewChangeRow): Promise<ChangeRow> {
  const inserted = await orm.insert(changeRequest).values(row).onConflictDoNothing({ target: changeRequest.runId }).returning();
  const [stored] = inserted.length > 0 ? inserted : await orm.select().from(changeRequest).where(eq(changeRequest.runId, row.runId));
  if (stored === undefined) throw new ElulmcError('INTERNAL', `a change of ${row.runId} was there and is not any more`);
  return stored;
}

/** The row after it was reviewed; undefined when it is not there or was reviewed before. */
export async function reviewChange(
  { orm }: Statements,
  id: string,
  review: { readonly reviewedBy: string; readonly reviewedAt: string; readonly decision: 'approved' | 'declined'; readonly note: string },
): Promise<ChangeRow | undefined> {
  const rows = await orm
    .update(changeRequest)
    .set(review)
    .where(and(eq(changeRequest.id, id), isNull(changeRequest.decision)))
    .returning();
  return rows[0];
}

/** Held until the transaction ends. */
export async function lockSchedule({ connection }: Statements): Promise<void> {
  await connection.query({ text: 'select pg_advisory_xact_lock($1)', values: [SCHEDULE_LOCK] });
}

export async function scheduleChange(
  { orm }: Statements,
  id: string,
  schedule: { readonly scheduledBy: string; readonly startsAt: string; readonly endsAt: string },
): Promise<ChangeRow | undefined> {
  const rows = await orm.update(changeRequest).set(schedule).where(eq(changeRequest.id, id)).returning();
  return rows[0];
}

export async function findChange({ orm }: Statements, id: string): Promise<ChangeRow | undefined> {
  const rows = await orm.select().from(changeRequest).where(eq(changeRequest.id, id));
  return rows[0];
}

/** Newest first. */
export async function selectChanges({ orm }: Statements, limit: number): Promise<ChangeRow[]> {
  return await orm.select().from(changeRequest).orderBy(desc(changeRequest.createdAt), desc(changeRequest.id)).limit(limit);
}

/** Scheduled changes whose span overlaps this one, in the order of their start. Both spans end before their last instant. */
export async function selectOverlapping({ orm }: Statements, from: string, to: string): Promise<ChangeRow[]> {
  return await orm
    .select()
    .from(changeRequest)
    .where(and(lt(changeRequest.startsAt, to), gt(changeRequest.endsAt, from)))
    .orderBy(changeRequest.startsAt, changeRequest.id);
}
