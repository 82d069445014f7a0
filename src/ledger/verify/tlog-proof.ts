import { openCheckpoint } from './checkpoint.ts';
import type { Checkpoint } from './checkpoint.ts';
import { decodeBase64, decodeDecimal, digestFromBase64, digestToBase64, hashLeaf } from './digest.ts';
import type { Digest } from './digest.ts';
import { NoteError } from './note-key.ts';
import type { VerifierKey } from './note-key.ts';
import { verifyInclusion } from './proof.ts';

/** An offline receipt (C2SP tlog-proof, `.tlog-proof`): where an entry stands and why, with the checkpoint. */
export interface TlogProof {
  readonly index: bigint;
  /** The leaf's sibling first. */
  readonly hashes: readonly Digest[];
  /** The signed note, verbatim. */
  readonly checkpoint: Buffer;
  /** Not authenticated by anything. */
  readonly extra: Buffer | undefined;
}

const HEADER = 'c2sp.org/tlog-proof@v1';
const MAX_HASHES = 63;

export function formatTlogProof(proof: TlogProof): Buffer {
  const extra = proof.extra === undefined ? [] : [`extra ${proof.extra.toString('base64')}`];
  const lines = [HEADER, ...extra, `index ${String(proof.index)}`, ...proof.hashes.map(digestToBase64), '', ''];
  return Buffer.concat([Buffer.from(lines.join('\n')), proof.checkpoint]);
}

/** Reads a receipt. Throws NoteError. */
export function parseTlogProof(bytes: Buffer): TlogProof {
  const cut = bytes.indexOf('\n\n');
  if (cut < 0) throw new NoteError('the proof has no checkpoint');
  const lines = bytes.toString('latin1', 0, cut).split('\n');
  if (lines.shift() !== HEADER) throw new NoteError('not a tlog-proof');
  const extraLine = lines[0]?.startsWith('extra ') === true ? lines.shift() : undefined;
  const extra = extraLine === undefined ? undefined : decodeBase64(extraLine.slice('extra '.length));
  if (extraLine !== undefined && extra === undefined) throw new NoteError('malformed extra line');
  const indexLine = lines.shift() ?? '';
  const index = indexLine.startsWith('index ') ? decodeDecimal(indexLine.slice('index '.length)) : undefined;
  if (index === undefined) throw new NoteError('malformed index line');
  const hashes = lines.map(digestFromBase64).filter((digest) => digest !== undefined);
  if (hashes.length !== lines.length || hashes.length > MAX_HASHES) throw new NoteError('malformed hash line');
  return { index, hashes, checkpoint: bytes.subarray(cut + 2), extra };
}

/** Checks that `entry` is in the log of `key` as the receipt says. Throws NoteError; returns the checkpoint it stands under. */
export function verifyTlogProof(bytes: Buffer, entry: Uint8Array, key: VerifierKey): Checkpoint {
  const proof = parseTlogProof(bytes);
  const checkpoint = openCheckpoint(proof.checkpoint, key);
  if (!verifyInclusion(proof.index, checkpoint.size, hashLeaf(entry), proof.hashes, checkpoint.root))
    throw new NoteError(`the proof does not show this entry at index ${String(proof.index)}`);
  return checkpoint;
}
