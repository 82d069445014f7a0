import { createHash, createPublicKey, sign as signBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { decodeBase64 } from './digest.ts';

/** Key types of C2SP signed-note that this program knows: 1 = Ed25519 over the text, 4 = Ed25519 cosignature with time. */
export type NoteKeyType = 1 | 4;

export interface VerifierKey {
  readonly name: string;
  /** Four bytes as eight hexadecimal digits. */
  readonly id: string;
  readonly type: NoteKeyType;
  readonly key: KeyObject;
}

export interface SignerKey extends VerifierKey {
  sign(message: string): Buffer;
}

export class NoteError extends Error {
  override readonly name = 'NoteError';
}

/** DER before the 32 bytes of an Ed25519 SubjectPublicKeyInfo (RFC 8410). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
const KEY_BYTES = 32;

/** A key name: not empty, no space in Unicode's sense, no `+` (C2SP signed-note). */
export function isKeyName(name: string): boolean {
  // eslint-disable-next-line no-control-regex -- control characters are what it looks for
  return /^[^\s\u0085+\x00-\x1f]+$/u.test(name);
}

function keyId(name: string, type: NoteKeyType, raw: Buffer): string {
  return createHash('sha256').update(`${name}\n`).update(Buffer.of(type)).update(raw).digest('hex').slice(0, 8);
}

function rawPublicKey(key: KeyObject): Buffer {
  if (key.asymmetricKeyType !== 'ed25519') throw new NoteError(`the key is ${key.asymmetricKeyType ?? 'not a key pair'}, not Ed25519`);
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  return publicKey.export({ format: 'der', type: 'spki' }).subarray(SPKI_PREFIX.length);
}

/** Reads `<name>+<id>+<base64 of type and key>` and checks the id. Throws NoteError. */
export function parseVerifierKey(text: string): VerifierKey {
  // The base64 may itself hold "+": only the first two separate.
  const match = /^([^+]+)\+([0-9a-f]{8})\+(\S+)$/u.exec(text);
  const bytes = match === null ? undefined : decodeBase64(match[3] ?? '');
  const name = match?.[1] ?? '';
  if (bytes === undefined || !isKeyName(name)) throw new NoteError('malformed verifier key');
  const type = bytes[0];
  if ((type !== 1 && type !== 4) || bytes.length !== 1 + KEY_BYTES) throw new NoteError('unknown kind of verifier key');
  const raw = bytes.subarray(1);
  const id = keyId(name, type, raw);
  if (id !== match?.[2]) throw new NoteError('the id of the verifier key does not belong to it');
  return { name, id, type, key: createPublicKey({ key: Buffer.concat([SPKI_PREFIX, raw]), format: 'der', type: 'spki' }) };
}

/** The text form of a verifier key. */
export function formatVerifierKey(key: VerifierKey): string {
  const publicBytes = Buffer.concat([Buffer.of(key.type), rawPublicKey(key.key)]);
  return `${key.name}+${key.id}+${publicBytes.toString('base64')}`;
}

/** A signer from an Ed25519 private key. Throws NoteError for another key or a name that cannot stand in a note. */
export function signerKey(name: string, type: NoteKeyType, privateKey: KeyObject): SignerKey {
  if (!isKeyName(name)) throw new NoteError(`${JSON.stringify(name)} cannot name a key: it is empty, or holds a space or "+"`);
  return {
    name,
    type,
    id: keyId(name, type, rawPublicKey(privateKey)),
    key: createPublicKey(privateKey),
    sign: (message) => signBytes(null, Buffer.from(message), privateKey),
  };
}
