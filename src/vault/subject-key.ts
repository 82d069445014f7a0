import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { ElulmcError } from '../core/errors.ts';

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** A new key of a subject: 32 random bytes. Destroying it makes every personal field of that subject unreadable. */
export function newSubjectKey(): Buffer {
  return randomBytes(KEY_BYTES);
}

/**
 * Wraps a subject's key under the installation's master key: base64 of nonce(12) || ciphertext(32) || tag(16),
 * AES-256-GCM with the subject's id as associated data, so that a wrapped key cannot be moved to another subject.
 */
export function wrapSubjectKey(master: Buffer, key: Buffer, subjectId: string): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', master, nonce);
  cipher.setAAD(Buffer.from(subjectId));
  return Buffer.concat([nonce, cipher.update(key), cipher.final(), cipher.getAuthTag()]).toString('base64');
}

/** INTEGRITY_VIOLATION when the wrapped key was altered, belongs to another subject or to another master key. */
export function unwrapSubjectKey(master: Buffer, wrapped: string, subjectId: string): Buffer {
  const bytes = Buffer.from(wrapped, 'base64');
  if (bytes.length !== NONCE_BYTES + KEY_BYTES + TAG_BYTES)
    throw new ElulmcError('INTEGRITY_VIOLATION', `the wrapped key of ${subjectId} has ${String(bytes.length)} bytes`);
  const decipher = createDecipheriv('aes-256-gcm', master, bytes.subarray(0, NONCE_BYTES));
  decipher.setAAD(Buffer.from(subjectId));
  decipher.setAuthTag(bytes.subarray(NONCE_BYTES + KEY_BYTES));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, NONCE_BYTES + KEY_BYTES)), decipher.final()]);
  } catch (error) {
    throw new ElulmcError('INTEGRITY_VIOLATION', `the wrapped key of ${subjectId} does not open under this installation's subject key`, { cause: error });
  }
}
