import { createHash, createPublicKey, randomBytes } from 'node:crypto';
import { wallAt, wallMs } from '../../core/clock.ts';
import { ElulmcError } from '../../core/errors.ts';
import { newId } from '../../core/ids.ts';
import type { Database } from '../../store/database.ts';
import {
  consumeInvitation,
  deleteTokens,
  expireInvitations,
  hasPersonWithRole,
  insertInvitation,
  insertPerson,
  isInvitationOpen,
  personOfToken,
  selectPeople,
} from '../../store/people-rows.ts';
import type { PersonRow } from '../../store/people-rows.ts';
import { isRole } from './roles.ts';
import type { Role } from './roles.ts';
import type { PeopleService, Person } from './service.ts';

const SECRET_BYTES = 32;
const INVITATION_MS = 24 * 60 * 60 * 1000;
const LONGEST_NAME = 100;
/** Who invites the first administrator. */
const SYSTEM = 'system';

export interface Invitation {
  /** `inv_...`; shown once. */
  readonly secret: string;
  readonly expiresAt: string;
}

function newSecret(prefix: 'elp' | 'inv'): string {
  return `${prefix}_${randomBytes(SECRET_BYTES).toString('base64url')}`;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function asPerson(row: PersonRow): Person {
  const { role } = row;
  if (!isRole(role)) throw new ElulmcError('INTERNAL', `${row.id} has the unknown role ${role}`);
  return { ...row, role };
}

function newInvitation(role: Role, by: string): { invitation: Invitation; row: Parameters<typeof insertInvitation>[1] } {
  const secret = newSecret('inv');
  const expiresAt = new Date(wallMs() + INVITATION_MS).toISOString();
  return { invitation: { secret, expiresAt }, row: { sha256: sha256(secret), role, invitedBy: by, createdAt: wallAt(), expiresAt } };
}

/** FIELD_INVALID unless it is base64 SPKI DER of an Ed25519 key. */
function checkPublicKey(publicKey: string): void {
  try {
    const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' });
    if (key.asymmetricKeyType === 'ed25519') return;
  } catch {
    // Said below, in the caller's words.
  }
  throw new ElulmcError('FIELD_INVALID', 'publicKey must be an Ed25519 public key in base64 SPKI DER', { field: 'publicKey' });
}

function checkName(name: string): void {
  if (name.trim() === '' || name.length > LONGEST_NAME || /\p{Cc}/u.test(name))
    throw new ElulmcError('FIELD_INVALID', `name must have 1 to ${String(LONGEST_NAME)} printable characters`, { field: 'name' });
}

/** People, invitations and bearer tokens in the database. Secrets are stored as SHA-256 only. */
export function createPeopleService(database: Database): PeopleService {
  return {
    async invite(role, by) {
      const { invitation, row } = newInvitation(role, by);
      await database.run((statements) => insertInvitation(statements, row));
      return invitation;
    },
    async invitationOpen(secret) {
      return await database.run((statements) => isInvitationOpen(statements, sha256(secret), wallAt()));
    },
    async redeem(secret, name, publicKey) {
      checkName(name);
      checkPublicKey(publicKey);
      const token = newSecret('elp');
      const at = wallAt();
      const person = await database.transaction(async (statements) => {
        const role = await consumeInvitation(statements, sha256(secret), at);
        if (role === undefined) throw new ElulmcError('INVITATION_INVALID', 'the link was used already, has expired or never existed');
        const row: PersonRow = { id: newId('per'), name, role, publicKey, createdAt: at };
        await insertPerson(statements, row, sha256(token), sha256(secret));
        return asPerson(row);
      });
      return { person, token };
    },
    async authenticate(token) {
      const row = await database.run((statements) => personOfToken(statements, sha256(token)));
      return row === undefined ? undefined : asPerson(row);
    },
    async signOutAll(except) {
      return await database.run((statements) => deleteTokens(statements, except));
    },
    async list() {
      const rows = await database.run(selectPeople);
      return rows.map(asPerson);
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
