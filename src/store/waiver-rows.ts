import { and, asc, desc, eq, isNull } from 'drizzle-orm';
import { ElulmcError } from '../core/errors.ts';
import type { Statements } from './database.ts';
import { waiver } from './waiver-schema.ts';

export type WaiverRow = typeof waiver.$inferSelect;
export type NewWaiverRow = Omit<WaiverRow, 'revokedAt' | 'revokedBy' | 'revokedReason'>;

/** The stored row: of several with one run id only the first is stored. */
export async function insertWaiver({ orm }: Statements, row: NewWaiverRow): Promise<WaiverRow> {
  const inserted = await orm.insert(waiver).values(row).onConflictDoNothing({ target: waiver.runId }).returning();
  const [stored] = inserted.length > 0 ? inserted : await orm.select().from(waiver).where(eq(waiver.runId, row.runId));
  if (stored === undefined) throw new ElulmcError('INTERNAL', `a waiver of ${row.runId} was there and is not any more`);
  return stored;
}

/** The row after it was revoked; undefined when it is not there or was revoked before. */
export async function revokeWaiver(
  { orm }: Statements,
  id: string,
  revoked: { readonly revokedAt: string; readonly revokedBy: string; readonly revokedReason: string },
): Promise<WaiverRow | undefined> {
  const rows = await orm
    .update(waiver)
    .set(revoked)
    .where(and(eq(waiver.id, id), isNull(waiver.revokedAt)))
    .returning();
  return rows[0];
}

export async function findWaiver({ orm }: Statements, id: string): Promise<WaiverRow | undefined> {
  const rows = await orm.select().from(waiver).where(eq(waiver.id, id));
  return rows[0];
}

/** Of one digest, oldest first. */
export async function selectWaiversOf({ orm }: Statements, digest: string): Promise<WaiverRow[]> {
  return await orm.select().from(waiver).where(eq(waiver.digest, digest)).orderBy(asc(waiver.createdAt), asc(waiver.id));
}

/** Newest first. */
export async function selectWaivers({ orm }: Statements, limit: number): Promise<WaiverRow[]> {
  return await orm.select().from(waiver).orderBy(desc(waiver.createdAt), desc(waiver.id)).limit(limit);
}
