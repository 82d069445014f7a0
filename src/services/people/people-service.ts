import { wallAt, wallMs } from '../../core/clock.ts';
import { ElulmcError } from '../../core/errors.ts';
import { newId } from '../../core/ids.ts';
import type { Database, Statements } from '../../store/database.ts';
import {
  consumeInvitation,
  deleteExpiredTokens,
  deleteToken,
  deleteTokens,
  deleteTokensOf,
  deleteTokensOfKey,
  expireInvitations,
  findInviter,
  findPerson,
  hasPersonWithRole,
  insertInvitation,
  insertPerson,
  insertToken,
  lockAdministrators,
  lockPerson,
  personOfToken,
  selectPeople,
  setInvitationUser,
  setPersonRemoved,
} from '../../store/people-rows.ts';
import type { InvitationRow, PersonRow } from '../../store/people-rows.ts';
import { findKey, raiseCounter, selectKeys, setKeyRemoved } from '../../store/person-key-rows.ts';
import { addKeyTo, asPersonKey, canonicalEd25519, checkLabel, keyIdOf } from './person-keys.ts';
import { isRole } from './roles.ts';
import type { Role } from './roles.ts';
import { newSecret, sha256 } from './secrets.ts';
import type { BrowserSession, NewKey, PeopleService, Person } from './service.ts';

const INVITATION_MS = 24 * 60 * 60 * 1000;
const SESSION_MS = 8 * 60 * 60 * 1000;
/** Who invites the first administrator. */
const SYSTEM = 'system';
/** What the key is called that a command line made when it redeemed a link. */
const FIRST_KEY = 'command line';

export interface Invitation {
  /** `inv_...`; shown once. */
  readonly secret: string;
  readonly expiresAt: string;
}

export function asPerson(row: PersonRow): Person {
  const { role } = row;
  if (!isRole(role)) throw new ElulmcError('INTERNAL', `${row.id} has the unknown role ${role}`);
  return { ...row, role };
}

function newInvitation(role: Role, by: string): { invitation: Invitation; row: InvitationRow } {
  const secret = newSecret('inv');
  const expiresAt = new Date(wallMs() + INVITATION_MS).toISOString();
  return { invitation: { secret, expiresAt }, row: { sha256: sha256(secret), role, invitedBy: by, createdAt: wallAt(), expiresAt } };
}

/** Uses an invitation up for a new person with this key. INVITATION_INVALID, or CONFLICT for a key that was registered before. */
export async function redeemFor(statements: Statements, secret: string, person: { readonly id: string; readonly name: string }, key: NewKey): Promise<Person> {
  const at = wallAt();
  const role = await consumeInvitation(statements, sha256(secret), at);
  if (role === undefined) throw new ElulmcError('INVITATION_INVALID', 'the link was used already, has expired or never existed');
  const row: PersonRow = { id: person.id, name: person.name, role, createdAt: at, removedAt: null };
  await insertPerson(statements, row);
  await setInvitationUser(statements, sha256(secret), row.id);
  await addKeyTo(statements, row.id, key, at);
  return asPerson(row);
}

/** `keyId` is the key of the command line: the token ends with it. */
export async function addBearerToken(statements: Statements, personId: string, keyId: string): Promise<string> {
  const token = newSecret('elp');
  await insertToken(statements, { sha256: sha256(token), person: personId, createdAt: wallAt(), kind: 'bearer', key: keyId });
  return token;
}

/** `keyId` is the passkey that opened it, with which it ends; null where an identity provider vouched. */
export async function addSession(statements: Statements, personId: string, keyId: string | null): Promise<BrowserSession> {
  const secret = newSecret('elb');
  const expiresAt = new Date(wallMs() + SESSION_MS).toISOString();
  await deleteExpiredTokens(statements, wallAt());
  await insertToken(statements, { sha256: sha256(secret), person: personId, createdAt: wallAt(), kind: 'browser', expiresAt, key: keyId });
  return { secret, expiresAt };
}

/** The person, who stays as they are until the transaction ends. NOT_FOUND for nobody, NOT_ALLOWED for somebody who was removed. */
export async function lockActive(statements: Statements, personId: string): Promise<PersonRow> {
  const row = await lockPerson(statements, personId);
  if (row === undefined) throw new ElulmcError('NOT_FOUND', `there is no person ${personId}`);
  if (row.removedAt !== null) throw new ElulmcError('NOT_ALLOWED', `${personId} was removed`);
  return row;
}

async function removePerson(statements: Statements, personId: string): Promise<Person> {
  const administrators = await lockAdministrators(statements);
  const row = await lockPerson(statements, personId);
  if (row === undefined) throw new ElulmcError('NOT_FOUND', `there is no person ${personId}`);
  if (administrators.length === 1 && administrators[0] === personId)
    throw new ElulmcError('CONFLICT', `${personId} is the last administrator; invite another one first`);
  const removedAt = row.removedAt ?? wallAt();
  await setPersonRemoved(statements, personId, removedAt);
  await deleteTokensOf(statements, personId);
  return asPerson({ ...row, removedAt });
}

/** People, invitations, keys, bearer tokens and browser sessions in the database. Secrets are stored as SHA-256 only. */
export function createPeopleService(database: Database): PeopleService {
  const authenticate = async (secret: string, kind: 'bearer' | 'browser'): Promise<Person | undefined> => {
    const row = await database.run((statements) => personOfToken(statements, sha256(secret), kind, wallAt()));
    return row === undefined ? undefined : asPerson(row);
  };
  return {
    async invite(role, by) {
      const { invitation, row } = newInvitation(role, by);
      await database.transaction((statements) => insertInvitation(statements, row));
      return invitation;
    },
    async inviterOf(secret) {
      return await database.run((statements) => findInviter(statements, sha256(secret), wallAt()));
    },
    async redeem(secret, name, publicKey) {
      checkLabel(name, 'name');
      const key = { publicKey: canonicalEd25519(publicKey), credential: null, label: FIRST_KEY };
      return await database.transaction(async (statements) => {
        const person = await redeemFor(statements, secret, { id: newId('per'), name }, key);
        return { person, token: await addBearerToken(statements, person.id, keyIdOf(key.publicKey)) };
      });
    },
    authenticate: (token) => authenticate(token, 'bearer'),
    async openSession(personId) {
      return await database.transaction(async (statements) => {
        await lockActive(statements, personId);
        return await addSession(statements, personId, null);
      });
    },
    personOfSession: (secret) => authenticate(secret, 'browser'),
    async closeSession(secret) {
      await database.transaction((statements) => deleteToken(statements, sha256(secret)));
    },
    async signOutAll(except) {
      return await database.transaction((statements) => deleteTokens(statements, except));
    },
    async list() {
      const rows = await database.run(selectPeople);
      return rows.map(asPerson);
    },
    async find(personId) {
      const row = await database.run((statements) => findPerson(statements, personId));
      return row === undefined ? undefined : asPerson(row);
    },
    async remove(personId) {
      return await database.transaction((statements) => removePerson(statements, personId));
    },
    async keysOf(personId) {
      const rows = await database.run((statements) => selectKeys(statements, personId));
      return rows.map(asPersonKey);
    },
    async findKey(keyId) {
      const row = await database.run((statements) => findKey(statements, keyId));
      return row === undefined ? undefined : asPersonKey(row);
    },
    async addKey(personId, key) {
      checkLabel(key.label, 'label');
      return await database.transaction(async (statements) => {
        await lockActive(statements, personId);
        return await addKeyTo(statements, personId, key, wallAt());
      });
    },
    async removeKey(keyId) {
      return await database.transaction(async (statements) => {
        await setKeyRemoved(statements, keyId, wallAt());
        await deleteTokensOfKey(statements, keyId);
        const row = await findKey(statements, keyId);
        if (row === undefined) throw new ElulmcError('NOT_FOUND', `there is no key ${keyId}`);
        return asPersonKey(row);
      });
    },
    async raiseCounter(keyId, counter) {
      return await database.transaction((statements) => raiseCounter(statements, keyId, counter));
    },
  };
}

/**
 * While no administrator exists, a new link for the first one; it voids the one before, which may have been lost with the process
 * that printed it. Undefined once there is an administrator.
 */
export async function inviteFirstAdministrator(database: Database): Promise<Invitation | undefined> {
  const { invitation, row } = newInvitation('admin', SYSTEM);
  return await database.transaction(async (statements) => {
    if (await hasPersonWithRole(statements, 'admin')) return undefined;
    await expireInvitations(statements, 'admin', SYSTEM, row.createdAt);
    await insertInvitation(statements, row);
    return invitation;
  });
}
