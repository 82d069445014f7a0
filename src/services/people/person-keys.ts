import { createHash, createPublicKey } from 'node:crypto';
import { ElulmcError } from '../../core/errors.ts';
import type { Statements } from '../../store/database.ts';
import { findCredential, findKey, insertKey } from '../../store/person-key-rows.ts';
import type { PersonKeyRow } from '../../store/person-key-rows.ts';
import type { NewKey, PersonKey } from './service.ts';

const LONGEST_LABEL = 100;
/** Control characters, line ends, and marks that turn text around: a name must read as what it is wherever it stands. */
const UNREADABLE = /[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

/** Hex SHA-256 of the bytes of a base64 public key. */
export function keyIdOf(publicKey: string): string {
  return createHash('sha256').update(Buffer.from(publicKey, 'base64')).digest('hex');
}

/** The one form in which a key is stored: base64 of canonical SPKI DER. FIELD_INVALID unless it is an Ed25519 key. */
export function canonicalEd25519(publicKey: string): string {
  try {
    const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' });
    if (key.asymmetricKeyType === 'ed25519') return key.export({ format: 'der', type: 'spki' }).toString('base64');
  } catch {
    // Said below, in the caller's words.
  }
  throw new ElulmcError('FIELD_INVALID', 'publicKey must be an Ed25519 public key in base64 SPKI DER', { field: 'publicKey' });
}

/** As one line that people can read. */
export function readable(text: string): string {
  return text.replaceAll(new RegExp(UNREADABLE, 'gu'), ' ').trim();
}

/** FIELD_INVALID unless people can read it. */
export function checkLabel(text: string, field: string): void {
  if (text.trim() === '' || text.length > LONGEST_LABEL || UNREADABLE.test(text))
    throw new ElulmcError('FIELD_INVALID', `${field} must have 1 to ${String(LONGEST_LABEL)} printable characters`, { field });
}

export function asPersonKey(row: PersonKeyRow): PersonKey {
  const { credentialId, rpId, transports, counter, ...key } = row;
  const credential = credentialId === null || rpId === null || transports === null || counter === null ? null : { id: credentialId, rpId, transports, counter };
  return { ...key, credential };
}

/** Gives a key to a person. A key that is theirs already stays as it is; CONFLICT when it is another's, or was removed. */
export async function addKeyTo(statements: Statements, person: string, key: NewKey, createdAt: string): Promise<PersonKey> {
  const row: PersonKeyRow = {
    id: keyIdOf(key.publicKey),
    person,
    kind: key.credential === null ? 'ed25519' : 'webauthn',
    publicKey: key.publicKey,
    credentialId: key.credential?.id ?? null,
    rpId: key.credential?.rpId ?? null,
    transports: key.credential?.transports ?? null,
    counter: key.credential?.counter ?? null,
    label: key.label,
    createdAt,
    removedAt: null,
  };
  if (await insertKey(statements, row)) return asPersonKey(row);
  const earlier = (await findKey(statements, row.id)) ?? (key.credential === null ? undefined : await findCredential(statements, key.credential.id));
  if (earlier?.id === row.id && earlier.person === person && earlier.removedAt === null) return asPersonKey(earlier);
  throw new ElulmcError('CONFLICT', 'this key was registered before: a key belongs to one person, and one that was removed does not come back', {
    field: 'publicKey',
  });
}
