import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ElulmcError } from '../core/errors.ts';
import type { DerivedFiles } from './derived-files.ts';
import { TreeWriter } from './tree-writer.ts';
import type { TileSink } from './tree-writer.ts';
import type { Checkpoint } from './verify/checkpoint.ts';
import { TILE_WIDTH, tilePath, tilesAt } from './verify/tile-path.ts';
import { directorySource } from './verify/tile-source.ts';
import type { TileSource } from './verify/tile-source.ts';
import { TileTree } from './verify/tile-tree.ts';
import { VerificationError } from './verify/verification-error.ts';
import { readBundle, verifyEntries } from './verify/verify-log.ts';
import { listSegments, readSegment, truncateSegment, WAL_FOLDER } from './wal.ts';
import type { ClosedSegment, SegmentFile } from './wal.ts';
import { scanSegment } from './wal-segment.ts';

/** How many entries before the WAL are hashed again at every start; older ones are the business of `audits verify-log`. */
const RECHECKED_ENTRIES = 1024 * TILE_WIDTH;

export interface Recovered {
  readonly tree: TreeWriter;
  /** What the WAL holds, oldest first. */
  readonly segments: readonly ClosedSegment[];
  /** Full tiles whose partial forms are still there. */
  readonly superseded: readonly string[];
  /** Tiles that have partial forms and may become full. */
  readonly partials: readonly string[];
}

interface TornTail {
  readonly segment: SegmentFile;
  readonly validBytes: number;
}

/** Throws INTEGRITY_VIOLATION. */
export function refuse(directory: string, what: string): never {
  throw new ElulmcError('INTEGRITY_VIOLATION', `${directory}: ${what}; the log is not written`);
}

/**
 * Brings the tree of a log back from its WAL and the full tiles before it, checks it against the last checkpoint, and only then
 * writes: a torn tail beyond the checkpoint is cut off, lost derived files are rebuilt. Throws INTEGRITY_VIOLATION, with the
 * folder as it was, when anything signed or acknowledged is missing or different.
 */
export async function recover(directory: string, checkpoint: Checkpoint, files: DerivedFiles): Promise<Recovered> {
  try {
    return await new Recovery(directory, checkpoint, files).run();
  } catch (error) {
    if (error instanceof VerificationError) refuse(directory, error.message);
    throw error;
  }
}

class Recovery {
  readonly #directory: string;
  readonly #files: DerivedFiles;
  readonly #source: TileSource;
  readonly #size: number;
  readonly #root: string;
  readonly #superseded = new Set<string>();
  readonly #partials = new Set<string>();
  #lost = false;
  #partialLost = false;
  #end = 0;

  constructor(directory: string, checkpoint: Checkpoint, files: DerivedFiles) {
    this.#directory = directory;
    this.#files = files;
    this.#source = directorySource(directory);
    this.#size = Number(checkpoint.size);
    this.#root = checkpoint.root;
  }

  async run(): Promise<Recovered> {
    const { segments, torn } = this.#readSegments();
    const walStart = segments[0]?.firstIndex ?? 0;
    this.#end = segments.at(-1)?.endIndex ?? 0;
    if (this.#end < this.#size) this.#refuse(`holds ${String(this.#end)} entries, but ${String(this.#size)} are signed`);
    await this.#checkBeforeWal(walStart);
    let tree = await this.#replay(segments, walStart, this.#compare);
    if (torn !== undefined) truncateSegment(torn.segment, torn.validBytes);
    if (this.#lost || (this.#partialLost && this.#isPublished)) tree = await this.#replay(segments, walStart, this.#mend);
    return { tree, segments, superseded: [...this.#superseded], partials: [...this.#partials] };
  }

  /** Whether the checkpoint covers everything: otherwise its partial files give way to those of the next one. */
  get #isPublished(): boolean {
    return this.#end === this.#size;
  }

  /** The WAL must be one unbroken sequence; only its very end may be torn. */
  #readSegments(): { segments: ClosedSegment[]; torn: TornTail | undefined } {
    const files = listSegments(this.#directory) ?? [];
    if (files.length === 0 && (this.#size > 0 || existsSync(join(this.#directory, 'tile')))) this.#refuse(`${WAL_FOLDER} is missing`);
    let torn: TornTail | undefined;
    const segments = files.map((file, i) => {
      const { nextIndex, validBytes, rest } = scanSegment(readSegment(file), file.firstIndex);
      const isLast = i === files.length - 1;
      if (rest === 'corrupt' || (rest === 'torn' && !isLast)) this.#refuse(`${file.path} is damaged at byte ${String(validBytes)}`);
      const following = files[i + 1];
      if (following !== undefined && following.firstIndex !== nextIndex)
        this.#refuse(`${file.path} ends before entry ${String(nextIndex)}, the next segment begins with ${String(following.firstIndex)}`);
      if (rest === 'torn') torn = { segment: file, validBytes };
      return { ...file, endIndex: nextIndex };
    });
    return { segments, torn };
  }

  /** Entries whose segments were removed lie in full bundles: all upper tiles and the newest bundles are hashed again. */
  async #checkBeforeWal(walStart: number): Promise<void> {
    const base = walStart - (walStart % TILE_WIDTH);
    const tree = new TileTree(this.#source, base);
    for (let level = 1; level < tree.levels(); level += 1) {
      for (let index = 0; index < tilesAt(level, base).full; index += 1) await tree.tile(level, index);
    }
    await verifyEntries(this.#source, tree, Math.max(0, base - RECHECKED_ENTRIES), base);
    if (this.#size < base) this.#checkRoot(await new TileTree(this.#source, this.#size).root());
  }

  #checkRoot(root: string): void {
    if (root !== this.#root) this.#refuse(`the first ${String(this.#size)} entries do not hash to the signed root`);
  }

  async #replay(segments: readonly ClosedSegment[], walStart: number, sink: TileSink): Promise<TreeWriter> {
    const tree = new TreeWriter(sink);
    await this.#seed(tree, walStart);
    if (tree.size === this.#size) this.#atCheckpoint(tree);
    for (const segment of segments) {
      const { frames } = scanSegment(readSegment(segment), segment.firstIndex);
      for (const { records, ends } of frames) this.#append(tree, records, ends);
    }
    return tree;
  }

  /** Everything before the WAL: perfect subtrees from full tiles, then what shares a bundle with the WAL's first entry. */
  async #seed(tree: TreeWriter, walStart: number): Promise<void> {
    const base = walStart - (walStart % TILE_WIDTH);
    // Partial tiles of the past are of no use here: they were never synced.
    const fullOnly: TileSource = { read: (path) => (path.includes('.p/') ? Promise.resolve(undefined) : this.#source.read(path)) };
    const stored = new TileTree(fullOnly, base);
    for (let level = stored.levels() - 1; level > 0; level -= 1) tree.seed(level, await stored.edge(level));
    if (base === walStart) return;
    const { bytes, ends } = await readBundle(this.#source, base / TILE_WIDTH, base + TILE_WIDTH);
    if (tree.size === this.#size) this.#atCheckpoint(tree);
    this.#append(tree, bytes, ends.slice(0, walStart - base));
  }

  #append(tree: TreeWriter, records: Buffer, ends: readonly number[]): void {
    const before = this.#size - tree.size;
    if (before <= 0 || before > ends.length) {
      tree.append(records, 0, ends, ends.length);
      return;
    }
    tree.append(records, 0, ends, before);
    this.#atCheckpoint(tree);
    tree.append(records, ends[before - 1] ?? 0, ends.slice(before), ends.length - before);
  }

  #atCheckpoint(tree: TreeWriter): void {
    this.#checkRoot(tree.root());
    tree.emitPartials();
  }

  readonly #compare: TileSink = (kind, index, width, bytes) => {
    const path = tilePath(kind, index, width);
    const comparison = this.#files.compare(path, bytes);
    if (comparison === 'different') this.#refuse(`${path} is damaged`);
    if (comparison === 'lost' && width === TILE_WIDTH) this.#lost = true;
    if (comparison === 'lost' && width < TILE_WIDTH) this.#partialLost = true;
    if (width < TILE_WIDTH) this.#partials.add(tilePath(kind, index));
    else if (existsSync(join(this.#directory, `${path}.p`))) this.#superseded.add(path);
  };

  readonly #mend: TileSink = (kind, index, width, bytes) => {
    if (width < TILE_WIDTH && !this.#isPublished) return;
    const path = tilePath(kind, index, width);
    if (this.#files.compare(path, bytes) !== 'same') this.#files.write(path, bytes);
  };

  #refuse(what: string): never {
    refuse(this.#directory, what);
  }
}
