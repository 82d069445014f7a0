import { DIGEST_BYTES, hashLeafIn } from './verify/digest.ts';
import type { Digest } from './verify/digest.ts';
import { Frontier } from './verify/frontier.ts';
import { TILE_WIDTH } from './verify/tile-path.ts';
import type { TileKind } from './verify/tile-path.ts';

/** Takes a derived file: a tile or a bundle, full or partial. The bytes are valid during the call only. */
export type TileSink = (kind: TileKind, index: number, width: number, bytes: Buffer) => void;

const BUNDLE_START_BYTES = 128 * 1024;

/** Grows a Merkle tree entry by entry and emits each tile and each bundle when it is full. */
export class TreeWriter {
  /** Where the files go; may be exchanged between appends. */
  sink: TileSink;
  readonly #frontier = new Frontier();
  /** One buffer of hashes for each level; how many are in it follows from the size. */
  readonly #tiles: Buffer[] = [];
  /** The records of the bundle that is not full yet. */
  #bundle = Buffer.allocUnsafe(BUNDLE_START_BYTES);
  #bundleBytes = 0;

  constructor(sink: TileSink) {
    this.sink = sink;
  }

  get size(): number {
    return this.#frontier.size;
  }

  root(): Digest {
    return this.#frontier.root();
  }

  /** Starts from stored hashes instead of entries: highest level first, the size a multiple of 256 at the end. */
  seed(level: number, hashes: readonly Digest[]): void {
    hashes.forEach((digest, i) => {
      this.#keepHash(level, i, digest);
      this.#frontier.append(digest, 8 * level);
    });
  }

  /**
   * Appends the records (length prefix and entry each) that end at `ends`; the first begins at `start`. The length prefixes in
   * `records` are overwritten for a moment and restored.
   */
  append(records: Buffer, start: number, ends: ArrayLike<number>, count: number): void {
    let begin = start;
    let copied = start;
    for (let i = 0; i < count; i += 1) {
      const end = ends[i] ?? begin;
      const leaf = hashLeafIn(records, begin + 2, end);
      begin = end;
      const column = this.size % TILE_WIDTH;
      this.#keepHash(0, column, leaf);
      if (column === TILE_WIDTH - 1) {
        // The leaf's tile and bundle go out before the frontier emits any tile above them.
        this.#copyToBundle(records, copied, end);
        copied = end;
        this.#emitBundle(TILE_WIDTH);
        this.#emitTile(0, this.size, TILE_WIDTH);
      }
      this.#frontier.append(leaf, 0, this.#onTileRoot);
    }
    this.#copyToBundle(records, copied, begin);
  }

  /** Emits the partial tiles and the partial bundle that the present size implies. */
  emitPartials(): void {
    if (this.size % TILE_WIDTH !== 0) this.#emitBundle(this.size % TILE_WIDTH);
    let hashes = this.size;
    for (let level = 0; hashes > 0; level += 1) {
      const width = hashes % TILE_WIDTH;
      if (width !== 0) this.#emitTile(level, hashes, width);
      hashes = Math.floor(hashes / TILE_WIDTH);
    }
  }

  readonly #onTileRoot = (level: number, digest: Digest): void => {
    // The frontier counts the leaf after this call: the size is still the old one.
    const position = Math.floor((this.size + 1) / TILE_WIDTH ** level) - 1;
    const column = position % TILE_WIDTH;
    this.#keepHash(level, column, digest);
    if (column === TILE_WIDTH - 1) this.#emitTile(level, position, TILE_WIDTH);
  };

  #keepHash(level: number, column: number, digest: Digest): void {
    const tile = (this.#tiles[level] ??= Buffer.alloc(TILE_WIDTH * DIGEST_BYTES));
    tile.write(digest, column * DIGEST_BYTES, 'latin1');
  }

  /** `hash` is the number of any hash in the tile. */
  #emitTile(level: number, hash: number, width: number): void {
    const tile = this.#tiles[level];
    if (tile !== undefined) this.sink(level, Math.floor(hash / TILE_WIDTH), width, tile.subarray(0, width * DIGEST_BYTES));
  }

  #emitBundle(width: number): void {
    this.sink('entries', Math.floor(this.size / TILE_WIDTH), width, this.#bundle.subarray(0, this.#bundleBytes));
    if (width === TILE_WIDTH) this.#bundleBytes = 0;
  }

  #copyToBundle(records: Buffer, start: number, end: number): void {
    const needed = this.#bundleBytes + end - start;
    if (needed > this.#bundle.length) {
      const larger = Buffer.allocUnsafe(2 * needed);
      this.#bundle.copy(larger, 0, 0, this.#bundleBytes);
      this.#bundle = larger;
    }
    records.copy(this.#bundle, this.#bundleBytes, start, end);
    this.#bundleBytes = needed;
  }
}
