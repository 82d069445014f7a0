import { and, eq, isNull, lt } from 'drizzle-orm';
import type { Statements } from './database.ts';
import { personKey } from './people-schema.ts';

export type PersonKeyRow = typeof personKey.$inferSelect;

/** False when this key, or this credential, is registered already. */
export async function insertKey({ orm }: Statements, row: PersonKeyRow): Promise<boolean> {
  const rows = await orm.insert(personKey).values(row).onConflictDoNothing().returning({ id: personKey.id });
  return rows.length > 0;
}

export async function findKey({ orm }: Statements, id: string): Promise<PersonKeyRow | undefined> {
  const rows = await orm.select().from(personKey).where(eq(personKey.id, id));
  return rows[0];
}

export async function findCredential({ orm }: Statements, credentialId: string): Promise<PersonKeyRow | undefined> {
  const rows = await orm.select().from(personKey).where(eq(personKey.credentialId, credentialId));
  return rows[0];
}

export async function selectKeys({ orm }: Statements, person: string): Promise<PersonKeyRow[]> {
  return await orm.select().from(personKey).where(eq(personKey.person, person)).orderBy(personKey.createdAt, personKey.id);
}

export async function setKeyRemoved({ orm }: Statements, id: string, removedAt: string): Promise<void> {
  await orm
    .update(personKey)
    .set({ removedAt })
    .where(and(eq(personKey.id, id), isNull(personKey.removedAt)));
}

/** False when the counter did not rise, unless both are 0 (an authenticator without one): two copies of a key, or a replay. */
export async function raiseCounter({ orm }: Statements, id: string, counter: number): Promise<boolean> {
  const rises = counter === 0 ? eq(personKey.counter, 0) : lt(personKey.counter, counter);
  const rows = await orm
    .update(personKey)
    .set({ counter })
    .where(and(eq(personKey.id, id), isNull(personKey.removedAt), rises))
    .returning({ id: personKey.id });
  return rows.length > 0;
}
