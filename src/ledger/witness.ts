import type { TreeHead } from './log.ts';
import { formatCheckpoint, openCheckpoint } from './verify/checkpoint.ts';
import type { Checkpoint } from './verify/checkpoint.ts';
import { digestFromBase64, digestToBase64, EMPTY_ROOT } from './verify/digest.ts';
import { cosignatureLine } from './verify/note.ts';
import { NoteError, parseVerifierKey } from './verify/note-key.ts';
import type { SignerKey } from './verify/note-key.ts';
import type { TileSource } from './verify/tile-source.ts';
import { TileTree } from './verify/tile-tree.ts';
import { VerificationError } from './verify/verification-error.ts';

export interface WitnessRequest {
  /** The log to be witnessed. */
  readonly source: TileSource;
  /** Its verifier key as the witness knows it. */
  readonly vkey: string;
  /** What this witness cosigned last for this log; undefined the first time. */
  readonly last: TreeHead | undefined;
  /** The witness's own key, type 4. */
  readonly key: SignerKey;
  /** POSIX seconds. */
  readonly time: number;
}

/** `missing`: no checkpoint. `bad-signature`: not signed by the log's key, or malformed. `behind`: smaller than what was cosigned.
 * `forked`: what was cosigned is not a prefix of it. `unproven`: the tiles do not give its root. */
export type WitnessRefusal = 'missing' | 'bad-signature' | 'behind' | 'forked' | 'unproven';

export type WitnessResult =
  /** Store `head` durably, if the stored one is still `last`, before `cosignature` leaves the witness (C2SP tlog-witness). */
  | { readonly outcome: 'cosigned'; readonly head: TreeHead; readonly cosignature: string; readonly note: string }
  | { readonly outcome: 'unchanged'; readonly head: TreeHead }
  | { readonly outcome: 'refused'; readonly reason: WitnessRefusal; readonly detail: string; readonly head: TreeHead | undefined };

/** Looks at a log's checkpoint as a witness. Pure: the caller keeps the state. Rejects only when the source cannot be read. */
export async function witnessLog(request: WitnessRequest): Promise<WitnessResult> {
  const bytes = await request.source.read('checkpoint');
  if (bytes === undefined) return { outcome: 'refused', reason: 'missing', detail: 'the log has no checkpoint', head: undefined };
  try {
    return await judge(request, bytes, openForWitness(bytes, request.vkey));
  } catch (error) {
    if (error instanceof NoteError) return { outcome: 'refused', reason: 'bad-signature', detail: error.message, head: undefined };
    throw error;
  }
}

function openForWitness(bytes: Buffer, vkey: string): Checkpoint {
  const checkpoint = openCheckpoint(bytes, parseVerifierKey(vkey));
  if (checkpoint.extensions.length > 0) throw new NoteError('the checkpoint has extension lines');
  if (checkpoint.size > Number.MAX_SAFE_INTEGER) throw new NoteError('the checkpoint has an impossible size');
  return checkpoint;
}

async function judge(request: WitnessRequest, bytes: Buffer, checkpoint: Checkpoint): Promise<WitnessResult> {
  const { last, source } = request;
  const head: TreeHead = { size: Number(checkpoint.size), root: digestToBase64(checkpoint.root) };
  const refused = (reason: WitnessRefusal, detail: string): WitnessResult => ({ outcome: 'refused', reason, detail, head });
  if (last !== undefined && head.size < last.size) return refused('behind', `the log shows ${String(head.size)} entries, ${String(last.size)} were cosigned`);
  if (last?.size === head.size)
    return last.root === head.root ? { outcome: 'unchanged', head } : refused('forked', `two roots were signed for ${String(head.size)} entries`);
  if (head.size === 0 && checkpoint.root !== EMPTY_ROOT) return refused('unproven', 'the root of no entries is not that of the empty tree');
  try {
    const tree = await TileTree.open(source, head.size, checkpoint.root);
    if (last !== undefined && last.size > 0 && (await tree.subtreeHash(0, last.size)) !== digestFromBase64(last.root))
      return refused('forked', `the ${String(last.size)} entries that were cosigned are not a prefix of the ${String(head.size)} now signed`);
  } catch (error) {
    if (error instanceof VerificationError) return refused('unproven', error.message);
    throw error;
  }
  // Signed is what was understood, written anew: differences between parsers then fail safely.
  const cosignature = cosignatureLine(formatCheckpoint(checkpoint.origin, checkpoint.size, checkpoint.root), request.key, BigInt(request.time));
  return { outcome: 'cosigned', head, cosignature, note: bytes.toString('utf8') + cosignature };
}
