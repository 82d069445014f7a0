import { createHash, createPublicKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { z } from 'zod';
import { ElulmcError } from '../../core/errors.ts';
import { decodeExactly, keyIdOf, preAuthenticationEncoding, signEd25519, verifyEd25519 } from '../../vault/dsse.ts';
import type { PersonKey } from '../people/service.ts';
import type { ApprovalSignature } from './service.ts';
import { APPROVAL_PAYLOAD_TYPE } from './statement.ts';

/** What an authenticator answered (WebAuthn Level 3, section 5.2.2); base64url. */
export interface PasskeyAnswer {
  readonly authenticatorData: string;
  readonly clientDataJSON: string;
  readonly signature: string;
}

/** Whether the assertion is by this key (base64 COSE), over this challenge, for this installation's origin, with the user present. */
export type VerifyPasskey = (publicKey: string, answer: PasskeyAnswer, challenge: Buffer) => Promise<boolean>;

const MAX_SIGNATURE_CHARACTERS = 16_384;

const base64url = z.string().regex(/^[A-Za-z0-9_-]+$/);
const passkeyAnswer = z.strictObject({ authenticatorData: base64url, clientDataJSON: base64url, signature: base64url });

export const signatureSchema = z.strictObject({
  keyid: z.string().regex(/^[0-9a-f]{64}$/),
  sig: z.string(),
  publicKey: z.string(),
  kind: z.enum(['ed25519', 'webauthn']),
  authenticatorData: base64url.exactOptional(),
  clientDataJSON: base64url.exactOptional(),
});

function invalid(detail: string): ElulmcError {
  return new ElulmcError('APPROVAL_SIGNATURE_INVALID', detail, { field: 'signature' });
}

/** The signature as it stands in an envelope, from what a person sent. APPROVAL_SIGNATURE_INVALID when it has another form; not verified yet. */
export function readSignature(key: Pick<PersonKey, 'id' | 'kind' | 'publicKey'>, text: string): ApprovalSignature {
  const bytes = text.length > MAX_SIGNATURE_CHARACTERS ? undefined : decodeExactly(text, 'base64url');
  if (bytes === undefined) throw invalid('the signature is not base64url');
  const { id: keyid, kind, publicKey } = key;
  if (kind === 'ed25519') return { keyid, kind, publicKey, sig: bytes.toString('base64') };
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    value = undefined;
  }
  const answer = passkeyAnswer.safeParse(value);
  const signature = answer.success ? decodeExactly(answer.data.signature, 'base64url') : undefined;
  if (!answer.success || signature === undefined)
    throw invalid('the signature of a passkey is JSON with authenticatorData, clientDataJSON and signature, each base64url');
  const { authenticatorData, clientDataJSON } = answer.data;
  return { keyid, kind, publicKey, sig: signature.toString('base64'), authenticatorData, clientDataJSON };
}

/** The pre-authentication encoding of an approval's payload: what an Ed25519 key signs. */
export function signedBytesOf(payload: string): Buffer {
  return preAuthenticationEncoding(APPROVAL_PAYLOAD_TYPE, Buffer.from(payload, 'utf8'));
}

/** What a person sends to approve: the id of their Ed25519 key and its signature, base64url. */
export function signWithKey(privateKey: KeyObject, payload: string): { readonly keyId: string; readonly signature: string } {
  const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  return { keyId: keyIdOf(publicKey), signature: signEd25519(privateKey, signedBytesOf(payload)).toString('base64url') };
}

/** The counter of an authenticator (WebAuthn Level 3, section 6.1: bytes 33 to 36); undefined for a key without one. */
export function counterOf({ authenticatorData }: ApprovalSignature): number | undefined {
  return authenticatorData === undefined ? undefined : Buffer.from(authenticatorData, 'base64url').readUInt32BE(33);
}

/** What a passkey is asked to sign. */
function challengeOf(payload: string): Buffer {
  return createHash('sha256').update(signedBytesOf(payload)).digest();
}

async function isValid(payload: string, signature: ApprovalSignature, verifyPasskey: VerifyPasskey): Promise<boolean> {
  const publicKey = decodeExactly(signature.publicKey, 'base64');
  const sig = decodeExactly(signature.sig, 'base64');
  if (publicKey === undefined || sig === undefined || keyIdOf(publicKey) !== signature.keyid) return false;
  const { authenticatorData, clientDataJSON } = signature;
  if (signature.kind === 'ed25519') {
    return authenticatorData === undefined && clientDataJSON === undefined && verifyEd25519(publicKey, signedBytesOf(payload), sig);
  }
  if (authenticatorData === undefined || clientDataJSON === undefined) return false;
  if (decodeExactly(authenticatorData, 'base64url') === undefined || decodeExactly(clientDataJSON, 'base64url') === undefined) return false;
  return verifyPasskey(signature.publicKey, { authenticatorData, clientDataJSON, signature: sig.toString('base64url') }, challengeOf(payload));
}

/** APPROVAL_SIGNATURE_INVALID unless the signature is by the public key that it carries, over this payload. Says nothing about whose key that is. */
export async function verifySignature(payload: string, signature: ApprovalSignature, verifyPasskey: VerifyPasskey): Promise<void> {
  if (!(await isValid(payload, signature, verifyPasskey)))
    throw invalid(`the signature by the key ${signature.keyid.slice(0, 16)} is not one over this statement`);
}
