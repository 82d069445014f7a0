import { createCipheriv, createDecipheriv, createHmac, randomFillSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { asRecord } from '../core/json.ts';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Random bytes are taken in pages: a call for each nonce costs more than the sealing itself. */
const NONCES = Buffer.alloc(NONCE_BYTES * 256);
let usedNonceBytes = NONCES.length;

function nextNonce(): Buffer {
  if (usedNonceBytes === NONCES.length) {
    randomFillSync(NONCES);
    usedNonceBytes = 0;
  }
  usedNonceBytes += NONCE_BYTES;
  return NONCES.subarray(usedNonceBytes - NONCE_BYTES, usedNonceBytes);
}

/**
 * Digest of content keyed by its subject: HMAC-SHA-256 in base64url. Without the subject's key nobody can test a
 * guess against it; with the key an auditor can prove what was said. A KeyObject is several times faster than a Buffer, here and below.
 */
export function contentDigest(subjectKey: Buffer | KeyObject, bytes: Uint8Array): string {
  return createHmac('sha256', subjectKey).update(bytes).digest('base64url');
}

/** Incremental form of `contentDigest`, for streams. */
export function startContentDigest(subjectKey: Buffer | KeyObject): { update(bytes: Uint8Array): void; digest(): string } {
  const hmac = createHmac('sha256', subjectKey);
  return {
    update: (bytes) => {
      hmac.update(bytes);
    },
    digest: () => hmac.digest('base64url'),
  };
}

/** Personal fields of an entry, encrypted before they are hashed: base64url of nonce(12) || ciphertext || tag(16), AES-256-GCM. */
export function sealPersonal(subjectKey: Buffer | KeyObject, value: Readonly<Record<string, string>>): string {
  const nonce = nextNonce();
  const cipher = createCipheriv('aes-256-gcm', subjectKey, nonce);
  return Buffer.concat([nonce, cipher.update(JSON.stringify(value), 'utf8'), cipher.final(), cipher.getAuthTag()]).toString('base64url');
}

/** The fields, or undefined when the key is not the one they were sealed with (for example after erasure). */
export function openPersonal(subjectKey: Buffer, sealed: string): Record<string, unknown> | undefined {
  const bytes = Buffer.from(sealed, 'base64url');
  if (bytes.length < NONCE_BYTES + TAG_BYTES) return undefined;
  try {
    const decipher = createDecipheriv('aes-256-gcm', subjectKey, bytes.subarray(0, NONCE_BYTES));
    decipher.setAuthTag(bytes.subarray(bytes.length - TAG_BYTES));
    const plain = Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, bytes.length - TAG_BYTES)), decipher.final()]);
    return asRecord(JSON.parse(plain.toString('utf8')));
  } catch {
    return undefined;
  }
}
