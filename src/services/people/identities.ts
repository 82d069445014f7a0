import { wallAt } from '../../core/clock.ts';
import { ElulmcError } from '../../core/errors.ts';
import { newId } from '../../core/ids.ts';
import type { Database, Statements } from '../../store/database.ts';
import { insertIdentity, insertPerson, lockIdentity, lockPerson, personOfIdentity, setPersonRole } from '../../store/people-rows.ts';
import type { PersonRow } from '../../store/people-rows.ts';
import type { VouchedFor } from './identity-provider.ts';
import { addSession, asPerson } from './people-service.ts';
import type { BrowserSession, Person } from './service.ts';

/** People as an identity provider knows them. */
export interface Identities {
  /** Undefined before their first sign-in. OIDC_REFUSED for somebody who was removed. */
  find(vouched: Pick<VouchedFor, 'issuer' | 'subject'>): Promise<Person | undefined>;
  /** Makes the person at the first sign-in, gives them the role that the provider vouches for, and a browser session. */
  signIn(vouched: VouchedFor): Promise<{ readonly person: Person; readonly session: BrowserSession }>;
}

function refuseRemoved(row: PersonRow | undefined): PersonRow | undefined {
  if (row === undefined || row.removedAt === null) return row;
  throw new ElulmcError('OIDC_REFUSED', `${row.id} was removed and does not come back by the identity provider`);
}

async function personFor(statements: Statements, vouched: VouchedFor): Promise<PersonRow> {
  await lockIdentity(statements, vouched.issuer, vouched.subject);
  const known = await personOfIdentity(statements, vouched.issuer, vouched.subject);
  const locked = known === undefined ? undefined : refuseRemoved(await lockPerson(statements, known.id));
  if (locked !== undefined) {
    if (locked.role !== vouched.role) await setPersonRole(statements, locked.id, vouched.role);
    return { ...locked, role: vouched.role };
  }
  const row: PersonRow = { id: newId('per'), name: vouched.name, role: vouched.role, createdAt: wallAt(), removedAt: null };
  await insertPerson(statements, row);
  await insertIdentity(statements, { issuer: vouched.issuer, subject: vouched.subject, person: row.id, createdAt: row.createdAt });
  return row;
}

export function createIdentities(database: Database): Identities {
  return {
    async find({ issuer, subject }) {
      const row = refuseRemoved(await database.run((statements) => personOfIdentity(statements, issuer, subject)));
      return row === undefined ? undefined : asPerson(row);
    },
    async signIn(vouched) {
      return await database.transaction(async (statements) => {
        const person = asPerson(await personFor(statements, vouched));
        return { person, session: await addSession(statements, person.id, null) };
      });
    },
  };
}
