import { sleep } from '../core/clock.ts';
import { ElulmcError } from '../core/errors.ts';
import { asRecord } from '../core/json.ts';
import type { LedgerEntry } from './entry.ts';
import { digestToBase64, hashLeaf } from './verify/digest.ts';
import type { Digest } from './verify/digest.ts';
import { bundleEntries } from './verify/entry-bundle.ts';
import { makeConsistencyProof, makeInclusionProof } from './verify/make-proof.ts';
import { NoteError } from './verify/note-key.ts';
import { TILE_WIDTH, tilePath, tileWidth } from './verify/tile-path.ts';
import { directorySource } from './verify/tile-source.ts';
import type { TileSource } from './verify/tile-source.ts';
import { TileTree } from './verify/tile-tree.ts';
import { formatTlogProof } from './verify/tlog-proof.ts';
import { VerificationError } from './verify/verification-error.ts';
import { readBundle, readCheckpoint } from './verify/verify-log.ts';

/** An entry as it is stored; `parseEntry` reads it. */
export interface StoredEntry {
  readonly index: number;
  readonly bytes: Buffer;
}

/**
 * A log as one of its checkpoints shows it. Everything read from it was checked against that checkpoint.
 * Its methods reject with INTEGRITY_VIOLATION when a file does not agree, FIELD_INVALID for an index outside the log.
 */
class LogReader {
  readonly origin: string;
  readonly vkey: string;
  readonly size: number;
  readonly root: Digest;
  /** The signed note. */
  readonly checkpoint: Buffer;
  readonly #source: TileSource;
  readonly #tree: TileTree;

  constructor(parts: { origin: string; vkey: string; root: Digest; checkpoint: Buffer; source: TileSource; tree: TileTree }) {
    this.origin = parts.origin;
    this.vkey = parts.vkey;
    this.size = parts.tree.size;
    this.root = parts.root;
    this.checkpoint = parts.checkpoint;
    this.#source = parts.source;
    this.#tree = parts.tree;
  }

  /** The entries [from, to) in order; `to` is by default the size. */
  async *entries(from: number, to: number = this.size): AsyncGenerator<StoredEntry> {
    if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to) || from < 0 || from > to || to > this.size)
      throw outside(this, `${String(from)} to ${String(to)}`);
    for (let bundle = Math.floor(from / TILE_WIDTH); bundle * TILE_WIDTH < to; bundle += 1) {
      const first = bundle * TILE_WIDTH;
      const entries = await checked(this.origin, () => this.#bundle(bundle));
      for (let i = Math.max(0, from - first); i < entries.length && first + i < to; i += 1) yield { index: first + i, bytes: entries[i] ?? Buffer.alloc(0) };
    }
  }

  /** A `.tlog-proof`: shows offline that an entry is in this log. */
  async proveInclusion(index: number): Promise<Buffer> {
    if (!Number.isSafeInteger(index) || index < 0 || index >= this.size) throw outside(this, `entry ${String(index)}`);
    const hashes = await checked(this.origin, () => makeInclusionProof(this.#tree, index, this.size));
    return formatTlogProof({ index: BigInt(index), hashes, checkpoint: this.checkpoint, extra: undefined });
  }

  /** Hashes that show that the first `oldSize` entries are a prefix of the first `newSize`. */
  async proveConsistency(oldSize: number, newSize: number = this.size): Promise<Digest[]> {
    if (!Number.isSafeInteger(oldSize) || !Number.isSafeInteger(newSize) || oldSize < 0 || oldSize > newSize || newSize > this.size)
      throw outside(this, `${String(oldSize)} to ${String(newSize)}`);
    return checked(this.origin, () => makeConsistencyProof(this.#tree, oldSize, newSize));
  }

  /** Root over the first `size` entries. */
  async rootAt(size: number): Promise<Digest> {
    if (!Number.isSafeInteger(size) || size < 1 || size > this.size) throw outside(this, `${String(size)} entries`);
    return checked(this.origin, () => this.#tree.subtreeHash(0, size));
  }

  async #bundle(index: number): Promise<Buffer[]> {
    const leaves = await this.#tree.tile(0, index);
    const { bytes } = await readBundle(this.#source, index, this.size);
    const entries = (bundleEntries(bytes) ?? []).slice(0, leaves.length);
    entries.forEach((entry, i) => {
      if (hashLeaf(entry) === leaves[i]) return;
      const path = tilePath('entries', index, tileWidth(0, index, this.size));
      throw new VerificationError(path, `entry ${String(index * TILE_WIDTH + i)} does not hash to its leaf`);
    });
    return entries;
  }
}

function outside(reader: LogReader, what: string): ElulmcError {
  return new ElulmcError('FIELD_INVALID', `${what} is outside of the log ${reader.origin}, which has ${String(reader.size)} entries`);
}

/** Turns a VerificationError into INTEGRITY_VIOLATION; `name` says of which log. */
export async function checked<T>(name: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof VerificationError) throw new ElulmcError('INTEGRITY_VIOLATION', `${name}: ${error.message}`, { cause: error });
    throw error;
  }
}

/**
 * Opens a log at its present checkpoint. `vkey` is by default what the log itself says: enough to read one's own logs, not to
 * judge another's. Rejects with LOG_UNREADABLE when there is no log, INTEGRITY_VIOLATION when its checkpoint does not hold.
 */
export async function openLogReader(source: TileSource, vkey?: string): Promise<LogReader> {
  const key = vkey ?? (await source.read('vkey'))?.toString('utf8').trim();
  const checkpoint = await source.read('checkpoint');
  if (key === undefined || checkpoint === undefined) throw new ElulmcError('LOG_UNREADABLE', `there is no ${key === undefined ? 'vkey' : 'checkpoint'}`);
  // The bytes read above are the ones to be checked: the file may be replaced at any moment.
  const fixed: TileSource = { read: (path) => (path === 'checkpoint' ? Promise.resolve(checkpoint) : source.read(path)) };
  try {
    const { origin, size, root } = await readCheckpoint(fixed, key);
    return await checked(
      origin,
      async () => new LogReader({ origin, vkey: key, root, checkpoint, source, tree: await TileTree.open(source, Number(size), root) }),
    );
  } catch (error) {
    if (error instanceof NoteError) throw new ElulmcError('LOG_UNREADABLE', `vkey: ${error.message}`);
    if (error instanceof VerificationError) throw new ElulmcError('INTEGRITY_VIOLATION', error.message, { cause: error });
    throw error;
  }
}

/** Entries [from, to) of the log in a folder, checked. */
export async function* readEntries(directory: string, range: { readonly from?: number; readonly to?: number } = {}): AsyncGenerator<StoredEntry> {
  const reader = await openLogReader(directorySource(directory));
  yield* reader.entries(range.from ?? 0, range.to);
}

export interface FollowOptions {
  readonly vkey?: string;
  /** First entry wanted. */
  readonly from: number;
  /** Pause between looks at the checkpoint. */
  readonly intervalMs: number;
  readonly signal: AbortSignal;
}

/**
 * Entries from `from` on, as checkpoints appear, until the signal aborts. Each checkpoint must continue the one before: rejects
 * with INTEGRITY_VIOLATION when the log shrinks or forks.
 */
export async function* followLog(source: TileSource, options: FollowOptions): AsyncGenerator<StoredEntry> {
  let next = options.from;
  let last: LogReader | undefined;
  while (!options.signal.aborted) {
    const reader = await openLogReader(source, options.vkey ?? last?.vkey);
    if (last !== undefined) await checkContinues(last, reader);
    last = reader;
    if (reader.size > next) yield* reader.entries(next);
    next = Math.max(next, reader.size);
    await sleep(options.intervalMs, options.signal).catch(() => undefined);
  }
}

async function checkContinues(last: LogReader, reader: LogReader): Promise<void> {
  if (reader.size < last.size)
    throw new ElulmcError('INTEGRITY_VIOLATION', `${reader.origin} shrank from ${String(last.size)} to ${String(reader.size)} entries`);
  if (last.size > 0 && (await reader.rootAt(last.size)) !== last.root)
    throw new ElulmcError(
      'INTEGRITY_VIOLATION',
      `${reader.origin} forked: its first ${String(last.size)} entries now hash to another root than ${digestToBase64(last.root)}`,
    );
}

/** Reads a stored entry. Throws LOG_UNREADABLE. */
export function parseEntry({ index, bytes }: StoredEntry): LedgerEntry {
  try {
    const entry = asRecord(JSON.parse(bytes.toString('utf8')));
    if (entry?.['v'] === 1 && typeof entry['kind'] === 'string') return entry as unknown as LedgerEntry;
  } catch {
    // Said below, as for JSON that is no entry.
  }
  throw new ElulmcError('LOG_UNREADABLE', `entry ${String(index)} is not an entry of version 1`);
}
