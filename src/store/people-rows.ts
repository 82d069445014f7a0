import { and, eq, gt, isNotNull, isNull, lte, ne, notExists, or } from 'drizzle-orm';
import type { SQL } from 'drizzle-orm';
import type { Statements } from './database.ts';
import { invitation, person, personIdentity, personKey, personToken } from './people-schema.ts';

export type PersonRow = typeof person.$inferSelect;
export type InvitationRow = typeof invitation.$inferInsert;
export type TokenKind = typeof personToken.$inferSelect.kind;

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

/** Unused, in time, and of somebody who may still invite: an administrator who is taken out leaves no way in. */
function isOpen({ orm }: Statements, sha256: string, at: string): SQL | undefined {
  const disqualified = orm
    .select({ id: person.id })
    .from(person)
    .where(and(eq(person.id, invitation.invitedBy), or(ne(person.role, 'admin'), isNotNull(person.removedAt))));
  return and(eq(invitation.sha256, sha256), isNull(invitation.usedAt), gt(invitation.expiresAt, at), notExists(disqualified));
}

/** Who made an invitation that is open. */
export async function findInviter(statements: Statements, sha256: string, at: string): Promise<string | undefined> {
  const rows = await statements.orm
    .select({ invitedBy: invitation.invitedBy })
    .from(invitation)
    .where(isOpen(statements, sha256, at));
  return rows[0]?.invitedBy;
}

/** Marks an open invitation used and returns its role; of several at the same time only one gets it. */
export async function consumeInvitation(statements: Statements, sha256: string, at: string): Promise<string | undefined> {
  const rows = await statements.orm
    .update(invitation)
    .set({ usedAt: at })
    .where(isOpen(statements, sha256, at))
    .returning({ role: invitation.role });
  return rows[0]?.role;
}

export async function setInvitationUser({ orm }: Statements, sha256: string, usedBy: string): Promise<void> {
  await orm.update(invitation).set({ usedBy }).where(eq(invitation.sha256, sha256));
}

export async function insertPerson({ orm }: Statements, row: PersonRow): Promise<void> {
  await orm.insert(person).values(row);
}

export async function insertToken({ orm }: Statements, row: typeof personToken.$inferInsert): Promise<void> {
  await orm.insert(personToken).values(row);
}

/** Whose token it is; undefined when it has expired, or the person or the key that it was given for was removed. */
export async function personOfToken({ orm }: Statements, sha256: string, kind: TokenKind, at: string): Promise<PersonRow | undefined> {
  const rows = await orm
    .select({ person })
    .from(personToken)
    .innerJoin(person, eq(person.id, personToken.person))
    .leftJoin(personKey, eq(personKey.id, personToken.key))
    .where(
      and(
        eq(personToken.sha256, sha256),
        isNull(personKey.removedAt),
        eq(personToken.kind, kind),
        isNull(person.removedAt),
        or(isNull(personToken.expiresAt), gt(personToken.expiresAt, at)),
      ),
    );
  return rows[0]?.person;
}

export async function deleteToken({ orm }: Statements, sha256: string): Promise<void> {
  await orm.delete(personToken).where(eq(personToken.sha256, sha256));
}

/** Removes all tokens but those of `except`; the number of people who had one. */
export async function deleteTokens({ orm }: Statements, except: string | null): Promise<number> {
  const rows = await orm
    .delete(personToken)
    .where(except === null ? undefined : ne(personToken.person, except))
    .returning({ person: personToken.person });
  return new Set(rows.map((row) => row.person)).size;
}

/** Sessions that have ended by themselves. */
export async function deleteExpiredTokens({ orm }: Statements, at: string): Promise<void> {
  await orm.delete(personToken).where(lte(personToken.expiresAt, at));
}

export async function deleteTokensOfKey({ orm }: Statements, key: string): Promise<void> {
  await orm.delete(personToken).where(eq(personToken.key, key));
}

export async function deleteTokensOf({ orm }: Statements, personId: string): Promise<void> {
  await orm.delete(personToken).where(eq(personToken.person, personId));
}

export async function selectPeople({ orm }: Statements): Promise<PersonRow[]> {
  return await orm.select().from(person).orderBy(person.createdAt, person.id);
}

export async function findPerson({ orm }: Statements, id: string): Promise<PersonRow | undefined> {
  const rows = await orm.select().from(person).where(eq(person.id, id));
  return rows[0];
}

/** Until the transaction ends nobody else changes who is an administrator. In the order of ids, so that two callers never block each other. */
export async function lockAdministrators({ orm }: Statements): Promise<string[]> {
  const rows = await orm
    .select({ id: person.id })
    .from(person)
    .where(and(eq(person.role, 'admin'), isNull(person.removedAt)))
    .orderBy(person.id)
    .for('update');
  return rows.map(({ id }) => id);
}

/** The person as it is until the transaction ends. */
export async function lockPerson({ orm }: Statements, id: string): Promise<PersonRow | undefined> {
  const rows = await orm.select().from(person).where(eq(person.id, id)).for('update');
  return rows[0];
}

export async function setPersonRemoved({ orm }: Statements, id: string, removedAt: string): Promise<void> {
  await orm
    .update(person)
    .set({ removedAt })
    .where(and(eq(person.id, id), isNull(person.removedAt)));
}

export async function setPersonRole({ orm }: Statements, id: string, role: string): Promise<void> {
  await orm.update(person).set({ role }).where(eq(person.id, id));
}

export async function hasPersonWithRole({ orm }: Statements, role: string): Promise<boolean> {
  const rows = await orm
    .select({ id: person.id })
    .from(person)
    .where(and(eq(person.role, role), isNull(person.removedAt)))
    .limit(1);
  return rows.length > 0;
}

export async function personOfIdentity({ orm }: Statements, issuer: string, subject: string): Promise<PersonRow | undefined> {
  const rows = await orm
    .select({ person })
    .from(personIdentity)
    .innerJoin(person, eq(person.id, personIdentity.person))
    .where(and(eq(personIdentity.issuer, issuer), eq(personIdentity.subject, subject)));
  return rows[0]?.person;
}

/** One identity at a time: of two first sign-ins at once the second waits and finds the first one's person. */
export async function lockIdentity({ connection }: Statements, issuer: string, subject: string): Promise<void> {
  await connection.query({ text: 'select pg_advisory_xact_lock(hashtextextended($1, 0))', values: [`person_identity ${issuer} ${subject}`] });
}

export async function insertIdentity({ orm }: Statements, row: typeof personIdentity.$inferInsert): Promise<void> {
  await orm.insert(personIdentity).values(row);
}
