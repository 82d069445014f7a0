import { openCheckpoint } from './checkpoint.ts';
import type { Checkpoint } from './checkpoint.ts';
import { digestToBase64, hashLeafIn } from './digest.ts';
import { recordEnds } from './entry-bundle.ts';
import { parseVerifierKey } from './note-key.ts';
import { TILE_WIDTH, tilePath, tileWidth } from './tile-path.ts';
import type { TileSource } from './tile-source.ts';
import { TileTree } from './tile-tree.ts';
import { VerificationError } from './verification-error.ts';

export interface VerifyLogOptions {
  readonly source: TileSource;
  /** The log's verifier key as its reader knows it. Never take it from the log itself if the log is not trusted. */
  readonly vkey: string;
  /** First entry to check; default 0. */
  readonly from?: number;
  /** First entry not to check; default the size of the tree. */
  readonly to?: number;
  /** Entries checked so far and to be checked; called about every 16,384 entries. */
  readonly onProgress?: (done: number, total: number) => void;
}

export type VerifyLogResult =
  | { readonly verified: true; readonly origin: string; readonly size: number; readonly root: string; readonly from: number; readonly to: number }
  /** `place` is the first file that differs, below the log's folder. */
  | { readonly verified: false; readonly place: string; readonly reason: string };

const BUNDLES_BETWEEN_PAUSES = 64;

/**
 * Checks a log from its files and its public key: the checkpoint's signature, that the tiles give the signed root, and that
 * each entry of the range hashes to its place in them. Rejects when files cannot be read; RangeError for a range outside the tree.
 */
export async function verifyLog(options: VerifyLogOptions): Promise<VerifyLogResult> {
  try {
    const { origin, size, root } = await readCheckpoint(options.source, options.vkey);
    if (size > Number.MAX_SAFE_INTEGER) throw new VerificationError('checkpoint', 'the log is too large for this verifier');
    const tree = await TileTree.open(options.source, Number(size), root);
    const from = options.from ?? 0;
    const to = options.to ?? tree.size;
    await verifyEntries(options.source, tree, from, to, options.onProgress);
    return { verified: true, origin, size: tree.size, root: digestToBase64(root), from, to };
  } catch (error) {
    if (!(error instanceof VerificationError)) throw error;
    return { verified: false, place: error.place, reason: error.message.slice(error.place.length + 2) };
  }
}

/** Reads and opens the checkpoint. Throws VerificationError. */
export async function readCheckpoint(source: TileSource, vkey: string): Promise<Checkpoint> {
  const bytes = await source.read('checkpoint');
  if (bytes === undefined) throw new VerificationError('checkpoint', 'is missing');
  const key = parseVerifierKey(vkey);
  try {
    return openCheckpoint(bytes, key);
  } catch (error) {
    throw new VerificationError('checkpoint', error instanceof Error ? error.message : String(error));
  }
}

/** Checks that the entries [from, to) are those that the tree holds. Throws VerificationError. */
export async function verifyEntries(
  source: TileSource,
  tree: TileTree,
  from: number,
  to: number,
  onProgress?: (done: number, total: number) => void,
): Promise<void> {
  if (!(Number.isSafeInteger(from) && Number.isSafeInteger(to) && from >= 0 && from <= to && to <= tree.size))
    throw new RangeError(`${String(from)} to ${String(to)} is not a range of a log with ${String(tree.size)} entries`);
  if (from === to) return;
  const first = Math.floor(from / TILE_WIDTH);
  const last = Math.floor((to - 1) / TILE_WIDTH);
  for (let index = first; index <= last; index += 1) {
    await verifyBundle(source, tree, index);
    if ((index - first) % BUNDLES_BETWEEN_PAUSES !== BUNDLES_BETWEEN_PAUSES - 1) continue;
    onProgress?.((index + 1) * TILE_WIDTH - from, to - from);
    // A directory source never waits: without a pause the whole process would stand still.
    await new Promise((resolve) => setImmediate(resolve));
  }
  onProgress?.(to - from, to - from);
}

/** Bytes of the bundle that a tree of `size` entries has at `index`: the partial one, else the beginning of the full one. Throws VerificationError. */
export async function readBundle(source: TileSource, index: number, size: number): Promise<{ readonly bytes: Buffer; readonly ends: readonly number[] }> {
  const width = tileWidth(0, index, size);
  const path = tilePath('entries', index, width);
  const bytes = (await source.read(path)) ?? (width < TILE_WIDTH ? await source.read(tilePath('entries', index)) : undefined);
  if (bytes === undefined) throw new VerificationError(path, 'is missing');
  const ends = recordEnds(bytes);
  if (ends === undefined) throw new VerificationError(path, 'is not a sequence of entries');
  if (ends.length !== width && ends.length !== TILE_WIDTH) throw new VerificationError(path, `has ${String(ends.length)} entries instead of ${String(width)}`);
  return { bytes, ends: ends.slice(0, width) };
}

async function verifyBundle(source: TileSource, tree: TileTree, index: number): Promise<void> {
  const leaves = await tree.tile(0, index);
  const { bytes, ends } = await readBundle(source, index, tree.size);
  let start = 0;
  for (let i = 0; i < ends.length; i += 1) {
    const end = ends[i] ?? start;
    if (hashLeafIn(bytes, start + 2, end) !== leaves[i]) {
      const path = tilePath('entries', index, tileWidth(0, index, tree.size));
      throw new VerificationError(path, `entry ${String(index * TILE_WIDTH + i)} does not hash to its leaf`);
    }
    start = end;
  }
}
