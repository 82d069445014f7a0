import { createHash, hash as hashAtOnce } from 'node:crypto';
import type { blake3 as Blake3 } from '@noble/hashes/blake3.js';

/** Names as they stand in statements. Signatures are made with `sha256` only; the others are verified. */
export type HashName = 'sha256' | 'blake2b' | 'blake3';

/** Bytes of a digest. */
export const DIGEST_BYTES: Readonly<Record<HashName, number>> = { sha256: 32, blake2b: 64, blake3: 32 };

export function isHashName(name: string): name is HashName {
  return Object.hasOwn(DIGEST_BYTES, name);
}

/** A hash that is fed and then read once. */
export interface Digester {
  update(bytes: Uint8Array): void;
  digest(): Buffer;
}

let blake3: typeof Blake3 | undefined;

/** Loads what a hash needs; once, before digests of it are made. A thread for SHA-256 starts in half the time without the other. */
export async function prepareHash(hash: HashName): Promise<void> {
  if (hash === 'blake3') ({ blake3 } = await import('@noble/hashes/blake3.js'));
}

/** After `prepareHash`. BLAKE3 is the slow one: Node's crypto has none. */
export function createDigester(hash: HashName): Digester {
  if (hash === 'blake3') {
    if (blake3 === undefined) throw new Error('prepareHash was not called');
    const state = blake3.create();
    return { update: (bytes) => void state.update(bytes), digest: () => Buffer.from(state.digest()) };
  }
  const state = createHash(hash === 'blake2b' ? 'blake2b512' : hash);
  return { update: (bytes) => void state.update(bytes), digest: () => state.digest() };
}

/** Digest of bytes that are all there: cheaper than a state for many small files. After `prepareHash`. */
export function digestOf(bytes: Buffer, hash: HashName): Buffer {
  if (hash === 'sha256') return hashAtOnce('sha256', bytes, 'buffer');
  const digester = createDigester(hash);
  digester.update(bytes);
  return digester.digest();
}

/** Whether a text is a digest of this kind: lower-case hex of the right length. */
export function isDigest(text: string, hash: HashName): boolean {
  return text.length === DIGEST_BYTES[hash] * 2 && /^[0-9a-f]+$/.test(text);
}

export function digestBytes(hex: string): Buffer {
  return Buffer.from(hex, 'hex');
}
