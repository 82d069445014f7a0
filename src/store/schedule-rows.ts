import { and, eq, notInArray } from 'drizzle-orm';
import { runSchedule } from './change-schema.ts';
import type { Statements } from './database.ts';

export type ScheduleRow = typeof runSchedule.$inferSelect;

export async function findSchedule({ orm }: Statements, name: string): Promise<ScheduleRow | undefined> {
  const rows = await orm.select().from(runSchedule).where(eq(runSchedule.name, name));
  return rows[0];
}

/** A schedule that was never seen, or whose time table is another one now. */
export async function putSchedule({ orm }: Statements, row: Pick<ScheduleRow, 'name' | 'cron' | 'timezone' | 'seenUntil'>): Promise<ScheduleRow | undefined> {
  const { cron, timezone, seenUntil } = row;
  const rows = await orm.insert(runSchedule).values(row).onConflictDoUpdate({ target: runSchedule.name, set: { cron, timezone, seenUntil } }).returning();
  return rows[0];
}

/** Undefined when another control plane has seen to these occurrences meanwhile. */
export async function updateSchedule(
  { orm }: Statements,
  seen: Pick<ScheduleRow, 'name' | 'seenUntil'>,
  change: Partial<Omit<ScheduleRow, 'name' | 'cron' | 'timezone'>>,
): Promise<ScheduleRow | undefined> {
  const rows = await orm
    .update(runSchedule)
    .set(change)
    .where(and(eq(runSchedule.name, seen.name), eq(runSchedule.seenUntil, seen.seenUntil)))
    .returning();
  return rows[0];
}

/** A schedule that comes back later starts anew, so nothing that was missed meanwhile is caught up. */
export async function forgetOtherSchedules({ orm }: Statements, names: readonly string[]): Promise<void> {
  await orm.delete(runSchedule).where(notInArray(runSchedule.name, [...names]));
}
