import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFile } from '../core/atomic-file.ts';
import { DerivedFiles } from './derived-files.ts';
import type { TreeHead } from './log.ts';
import { recover, refuse } from './recover.ts';
import type { Recovered } from './recover.ts';
import { Retirement } from './retirement.ts';
import type { TreeWriter } from './tree-writer.ts';
import { formatCheckpoint, openCheckpoint } from './verify/checkpoint.ts';
import type { Checkpoint } from './verify/checkpoint.ts';
import { digestToBase64, EMPTY_ROOT } from './verify/digest.ts';
import { signNote } from './verify/note.ts';
import { formatVerifierKey } from './verify/note-key.ts';
import type { SignerKey } from './verify/note-key.ts';
import { TILE_WIDTH, tilePath } from './verify/tile-path.ts';
import { listSegments, Wal } from './wal.ts';

/** The moments at which a crash is tried in tests. */
export type WriterStep =
  'group-durable' | 'group-derived' | 'segment-begun' | 'partials-written' | 'checkpoint-published' | 'superseded-removed' | 'segment-retired';

export interface LogWriterOptions {
  readonly directory: string;
  readonly key: SignerKey;
  readonly onStep?: (step: WriterStep) => void;
}

/**
 * The files of one log and the order in which they are written; synchronous, for one thread that does nothing else.
 *
 * Truth is the WAL: an entry is acknowledged when its frame is durable. Tiles and bundles follow unsynced, since the WAL can
 * rebuild them, and before the checkpoint that needs them, so that a reader never sees a checkpoint without its tiles. A WAL
 * segment goes only after everything derived from it was synced.
 */
export class LogWriter {
  readonly #directory: string;
  readonly #key: SignerKey;
  readonly #onStep: (step: WriterStep) => void;
  readonly #files: DerivedFiles;
  readonly #tree: TreeWriter;
  readonly #wal: Wal;
  readonly #retirement: Retirement;
  #head: TreeHead;
  /** Tiles that became full since the last checkpoint: readers of that one may still ask for their partial forms. */
  #superseded: string[] = [];
  /** Tiles whose partial forms no published checkpoint has needed for a whole period. */
  #removable: string[];
  /** Tiles that have partial forms. */
  readonly #partials: Set<string>;
  /** The partial file written last, of each level and of the bundles. */
  readonly #lastPartial = new Map<number | 'entries', string>();

  private constructor(options: LogWriterOptions, files: DerivedFiles, checkpoint: Checkpoint, recovered: Recovered) {
    this.#directory = options.directory;
    this.#key = options.key;
    this.#onStep = options.onStep ?? (() => undefined);
    this.#files = files;
    this.#tree = recovered.tree;
    this.#tree.sink = this.#writeDerived;
    this.#head = { size: Number(checkpoint.size), root: digestToBase64(checkpoint.root) };
    this.#removable = [...recovered.superseded];
    this.#partials = new Set(recovered.partials);
    this.#wal = new Wal(options.directory, this.#tree.size);
    this.#retirement = new Retirement(
      files,
      recovered.segments.filter((segment) => segment.endIndex > segment.firstIndex),
    );
  }

  /** Opens or makes a log. Throws INTEGRITY_VIOLATION when it must not be written, ENOSPC and the like as they come. */
  static async open(options: LogWriterOptions): Promise<LogWriter> {
    mkdirSync(options.directory, { recursive: true, mode: 0o700 });
    const files = new DerivedFiles(options.directory);
    const checkpoint = readOrCreateCheckpoint(options);
    const writer = new LogWriter(options, files, checkpoint, await recover(options.directory, checkpoint, files));
    writer.publish();
    return writer;
  }

  /** Entries in the tree: durable and hashed. */
  get size(): number {
    return this.#tree.size;
  }

  /** The last published checkpoint. */
  get head(): TreeHead {
    return this.#head;
  }

  /** Whether WAL segments wait to be removed and can be. */
  get canRetire(): boolean {
    return this.#retirement.isReady(this.size);
  }

  get retirementBacklog(): number {
    return this.#retirement.backlog;
  }

  /** Makes a group durable: `frame` is a sealed frame of `count` entries that begins at index `size`. */
  commit(frame: Buffer, count: number): void {
    this.#wal.append(frame, count);
    this.#onStep('group-durable');
  }

  /** Takes the entries of the last committed group into the tree: `records` hold `count` of them, ending at `ends`. */
  derive(records: Buffer, ends: ArrayLike<number>, count: number): void {
    this.#tree.append(records, 0, ends, count);
    this.#onStep('group-derived');
    if (!this.#wal.isSegmentFull()) return;
    this.#retirement.add(this.#wal.roll());
    this.#onStep('segment-begun');
  }

  /** Signs and publishes the present tree, if it has grown. */
  publish(): void {
    if (this.#tree.size > this.#head.size) {
      this.#tree.emitPartials();
      this.#onStep('partials-written');
      const root = this.#tree.root();
      const text = formatCheckpoint(this.#key.name, BigInt(this.#tree.size), root);
      replaceFile(join(this.#directory, 'checkpoint'), signNote(text, this.#key));
      this.#head = { size: this.#tree.size, root: digestToBase64(root) };
      this.#onStep('checkpoint-published');
    }
    for (const path of this.#removable) this.#files.removePartials(path);
    this.#removable = this.#superseded;
    this.#superseded = [];
    this.#onStep('superseded-removed');
  }

  /** Syncs up to `count` derived files on the way to removing the oldest WAL segment. */
  retire(count: number): void {
    const before = this.#retirement.backlog;
    this.#retirement.advance(count);
    if (this.#retirement.backlog < before) this.#onStep('segment-retired');
  }

  close(): void {
    this.#wal.close();
  }

  readonly #writeDerived = (kind: number | 'entries', index: number, width: number, bytes: Buffer): void => {
    const path = tilePath(kind, index, width);
    const full = tilePath(kind, index);
    if (width === TILE_WIDTH) {
      this.#files.write(path, bytes);
      if (this.#partials.delete(full)) this.#superseded.push(full);
    } else if (this.#lastPartial.get(kind) !== path) {
      // A tile's name says what it holds: upper ones stay the same for many checkpoints, and readers of the last one read them now.
      this.#files.replace(path, bytes);
      this.#lastPartial.set(kind, path);
      this.#partials.add(full);
    }
  };
}

/** The last signed checkpoint. For a new log the empty tree is signed first, so that a log without a checkpoint is never new. */
function readOrCreateCheckpoint({ directory, key }: LogWriterOptions): Checkpoint {
  const vkey = `${formatVerifierKey(key)}\n`;
  const vkeyFile = join(directory, 'vkey');
  const checkpointFile = join(directory, 'checkpoint');
  if (existsSync(vkeyFile) && readFileSync(vkeyFile, 'utf8') !== vkey) refuse(directory, 'vkey does not belong to the key of this log');
  if (!existsSync(checkpointFile)) {
    if ((listSegments(directory) ?? []).length > 0 || existsSync(join(directory, 'tile'))) refuse(directory, 'checkpoint is missing');
    replaceFile(vkeyFile, vkey);
    replaceFile(checkpointFile, signNote(formatCheckpoint(key.name, 0n, EMPTY_ROOT), key));
  }
  if (!existsSync(vkeyFile)) replaceFile(vkeyFile, vkey);
  try {
    return openCheckpoint(readFileSync(checkpointFile), key);
  } catch (error) {
    return refuse(directory, `checkpoint: ${error instanceof Error ? error.message : String(error)}`);
  }
}
