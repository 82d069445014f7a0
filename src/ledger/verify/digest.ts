import { hash } from 'node:crypto';

/**
 * A SHA-256 digest as 32 latin1 characters. One-shot `crypto.hash` returns this form without making a Buffer, several times
 * faster than a Hash object, and two digests compare with `===`.
 */
export type Digest = string;

export const DIGEST_BYTES = 32;

/** Root of the empty tree: SHA-256 of nothing (RFC 6962, 2.1). */
export const EMPTY_ROOT: Digest = hash('sha256', '', 'binary');

const node = Buffer.alloc(1 + 2 * DIGEST_BYTES);
node[0] = 1;

/** Hash of an inner node: SHA-256(0x01 || left || right). */
export function hashNode(left: Digest, right: Digest): Digest {
  // One write of the joined string costs half of two writes.
  node.write(left + right, 1, 'latin1');
  return hash('sha256', node, 'binary');
}

/** Hash of an entry: SHA-256(0x00 || entry). */
export function hashLeaf(entry: Uint8Array): Digest {
  const bytes = Buffer.allocUnsafe(1 + entry.length);
  bytes[0] = 0;
  bytes.set(entry, 1);
  return hash('sha256', bytes, 'binary');
}

/**
 * The same for an entry that lies at `start` to `end` in a larger buffer: the byte before it (the low byte of its length
 * prefix) serves as the 0x00 while the hash is computed, which saves a copy.
 */
export function hashLeafIn(buffer: Buffer, start: number, end: number): Digest {
  const kept = buffer[start - 1] ?? 0;
  buffer[start - 1] = 0;
  const digest = hash('sha256', buffer.subarray(start - 1, end), 'binary');
  buffer[start - 1] = kept;
  return digest;
}

/** Decodes standard base64 with padding; undefined unless it is canonical (Buffer.from accepts junk). */
export function decodeBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}

export function digestFromBase64(text: string): Digest | undefined {
  const bytes = decodeBase64(text);
  return bytes?.length === DIGEST_BYTES ? bytes.toString('latin1') : undefined;
}

export function digestToBase64(digest: Digest): string {
  return Buffer.from(digest, 'latin1').toString('base64');
}

/** ASCII decimal without sign or leading zeros; undefined otherwise. */
export function decodeDecimal(text: string): bigint | undefined {
  return /^(0|[1-9][0-9]{0,19})$/.test(text) ? BigInt(text) : undefined;
}
