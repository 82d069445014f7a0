import { createHash, createPublicKey, sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

/** DSSE, version 1.0.0 (github.com/secure-systems-lab/dsse, protocol.md): a signature over a payload together with its type. */

/** The bytes that are signed: `DSSEv1 LEN(type) type LEN(body) body`, lengths in bytes as ASCII decimals, single spaces. */
export function preAuthenticationEncoding(payloadType: string, payload: Buffer): Buffer {
  const head = `DSSEv1 ${String(Buffer.byteLength(payloadType))} ${payloadType} ${String(payload.length)} `;
  return Buffer.concat([Buffer.from(head, 'utf8'), payload]);
}

/** 64 bytes. */
export function signEd25519(privateKey: KeyObject, message: Buffer): Buffer {
  return sign(null, message, privateKey);
}

/** `publicKey` is SPKI DER. False for everything that is not an Ed25519 signature by this key over this message. */
export function verifyEd25519(publicKey: Buffer, message: Buffer, signature: Buffer): boolean {
  try {
    const key = createPublicKey({ key: publicKey, format: 'der', type: 'spki' });
    return key.asymmetricKeyType === 'ed25519' && signature.length === 64 && verify(null, message, key, signature);
  } catch {
    return false;
  }
}

/** Id of a public key, of SPKI DER or COSE bytes: lower-case hex SHA-256. */
export function keyIdOf(publicKey: Buffer): string {
  return createHash('sha256').update(publicKey).digest('hex');
}

/** The bytes of text in one alphabet, or undefined unless it is their only spelling: no other text may stand for the same token. */
export function decodeExactly(text: string, encoding: 'base64' | 'base64url'): Buffer | undefined {
  const bytes = Buffer.from(text, encoding);
  return bytes.toString(encoding) === text ? bytes : undefined;
}
