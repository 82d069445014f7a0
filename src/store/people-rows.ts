import { and, eq, gt, isNull, ne } from 'drizzle-orm';
import type { Statements } from './database.ts';
import { invitation, person, personToken } from './schema.ts';

export type PersonRow = typeof person.$inferSelect;
export type InvitationRow = typeof invitation.$inferInsert;

export async function insertInvitation({ orm }: Statements, row: InvitationRow): Promise<void> {
  await orm.insert(invitation).values(row);
}

/** Ends the unused invitations of one inviter to one role. */
export async function expireInvitations({ orm }: Statements, role: string, invitedBy: string, at: string): Promise<void> {
  await orm
    .update(invitation)
    .set({ expiresAt: at })
    .where(and(eq(invitation.role, role), eq(invitation.invitedBy, invitedBy), isNull(invitation.usedAt), gt(invitation.expiresAt, at)));
}

export async function isInvitationOpen({ orm }: Statements, sha256: string, at: string): Promise<boolean> {
  const rows = await orm
    .select({ role: invitation.role })
    .from(invitation)
    .where(and(eq(invitation.sha256, sha256), isNull(invitation.usedAt), gt(invitation.expiresAt, at)));
  return rows.length > 0;
}

/** Marks an open invitation used and returns its role; of several at the same time only one gets it. */
export async function consumeInvitation({ orm }: Statements, sha256: string, at: string): Promise<string | undefined> {
  const rows = await orm
    .update(invitation)
    .set({ usedAt: at })
    .where(and(eq(invitation.sha256, sha256), isNull(invitation.usedAt), gt(invitation.expiresAt, at)))
    .returning({ role: invitation.role });
  return rows[0]?.role;
}

/** A new person with a token, who redeemed this invitation. */
export async function insertPerson({ orm }: Statements, row: PersonRow, tokenSha256: string, invitationSha256: string): Promise<void> {
  await orm.insert(person).values(row);
  await orm.insert(personToken).values({ sha256: tokenSha256, person: row.id, createdAt: row.createdAt });
  await orm.update(invitation).set({ usedBy: row.id }).where(eq(invitation.sha256, invitationSha256));
}

export async function personOfToken({ orm }: Statements, sha256: string): Promise<PersonRow | undefined> {
  const rows = await orm.select({ person }).from(personToken).innerJoin(person, eq(person.id, personToken.person)).where(eq(personToken.sha256, sha256));
  return rows[0]?.person;
}

/** Removes all tokens but those of `except`; the number of people who had one. */
export async function deleteTokens({ orm }: Statements, except: string | null): Promise<number> {
  const rows = await orm
    .delete(personToken)
    .where(except === null ? undefined : ne(personToken.person, except))
    .returning({ person: personToken.person });
  return new Set(rows.map((row) => row.person)).size;
}

export async function selectPeople({ orm }: Statements): Promise<PersonRow[]> {
  return await orm.select().from(person).orderBy(person.createdAt, person.id);
}

export async function hasPersonWithRole({ orm }: Statements, role: string): Promise<boolean> {
  const rows = await orm.select({ id: person.id }).from(person).where(eq(person.role, role)).limit(1);
  return rows.length > 0;
}
