import { existsSync, readFileSync } from 'node:fs';
import { replaceFile } from '../../core/atomic-file.ts';
import { ElulmcError, asElulmcError } from '../../core/errors.ts';
import { openLogReader } from '../../ledger/reader.ts';
import { NoteError, parseVerifierKey } from '../../ledger/verify/note-key.ts';
import type { VerifierKey } from '../../ledger/verify/note-key.ts';
import { directorySource } from '../../ledger/verify/tile-source.ts';
import { parseTlogProof, verifyTlogProof } from '../../ledger/verify/tlog-proof.ts';

/** A receipt that was written or checked. */
export interface Receipt {
  readonly index: number;
  /** Tree that the receipt stands under. */
  readonly size: number;
  readonly origin: string;
}

/** FIELD_INVALID when the text is no verifier key. */
export function verifierKey(text: string): VerifierKey {
  try {
    return parseVerifierKey(text.trim());
  } catch (thrown) {
    throw new ElulmcError('FIELD_INVALID', `key: ${asElulmcError(thrown).message}`, { field: 'key', cause: thrown });
  }
}

/** Reads a file that the caller named. NOT_FOUND or LOG_UNREADABLE name the field. */
export function readNamedFile(path: string, field: string): Buffer {
  try {
    return readFileSync(path);
  } catch (thrown) {
    const code = (thrown as NodeJS.ErrnoException).code === 'ENOENT' ? 'NOT_FOUND' : 'LOG_UNREADABLE';
    throw new ElulmcError(code, `${path} cannot be read: ${(thrown as Error).message}`, { field, cause: thrown });
  }
}

/** Where the entry itself stands beside its receipt: the receipt holds only hashes. */
export function entryFileOf(receipt: string): string {
  return `${receipt}.entry`;
}

/** Writes the receipt of one entry, and the entry's bytes beside it. */
export async function writeReceipt(directory: string, vkey: string, index: number, path: string): Promise<Receipt> {
  const reader = await openLogReader(directorySource(directory), vkey);
  const proof = await reader.proveInclusion(index);
  for await (const entry of reader.entries(index, index + 1)) replaceFile(entryFileOf(path), entry.bytes, 0o644);
  replaceFile(path, proof, 0o644);
  return { index, size: reader.size, origin: reader.origin };
}

/** The entry of a receipt: the file beside it, else what the receipt carries itself. Either is checked by its hash. */
function entryOf(path: string, proof: Buffer): Buffer {
  const carried = existsSync(entryFileOf(path)) ? undefined : parseTlogProof(proof).extra;
  return carried ?? readNamedFile(entryFileOf(path), 'proof');
}

/** Checks a receipt with nothing but itself, its entry and the key. INTEGRITY_VIOLATION when it does not hold. */
export function checkReceipt(path: string, key: VerifierKey): Receipt {
  const proof = readNamedFile(path, 'proof');
  try {
    const checkpoint = verifyTlogProof(proof, entryOf(path, proof), key);
    return { index: Number(parseTlogProof(proof).index), size: Number(checkpoint.size), origin: checkpoint.origin };
  } catch (thrown) {
    if (!(thrown instanceof NoteError)) throw thrown;
    throw new ElulmcError('INTEGRITY_VIOLATION', `${path}: ${thrown.message}`, { cause: thrown, field: 'proof' });
  }
}
