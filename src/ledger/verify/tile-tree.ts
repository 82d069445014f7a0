import { DIGEST_BYTES, hashNode } from './digest.ts';
import type { Digest } from './digest.ts';
import { Frontier } from './frontier.ts';
import { TILE_WIDTH, tilePath, tilesAt, tileWidth } from './tile-path.ts';
import type { TileSource } from './tile-source.ts';
import { VerificationError } from './verification-error.ts';

const FULL_TILE_BYTES = TILE_WIDTH * DIGEST_BYTES;

/** The hashes of a tile. */
function tileDigests(tile: Buffer): Digest[] {
  const all = tile.toString('latin1');
  const digests: Digest[] = [];
  for (let i = 0; i < all.length; i += DIGEST_BYTES) digests.push(all.slice(i, i + DIGEST_BYTES));
  return digests;
}

/** Root of a perfect tree: over 1, 2, 4, ... 256 hashes. */
function perfectRoot(digests: readonly Digest[]): Digest {
  let row = digests;
  while (row.length > 1) {
    const above: Digest[] = [];
    for (let i = 0; i < row.length; i += 2) above.push(hashNode(row[i] ?? '', row[i + 1] ?? ''));
    row = above;
  }
  return row[0] ?? '';
}

/**
 * The tree of `size` entries as its stored tiles give it. Nothing is believed: the tiles of the right edge are checked by the
 * root, every full tile by the tile above it. Throws VerificationError naming the file at fault. Up to 2^53 entries.
 */
export class TileTree {
  readonly size: number;
  readonly #source: TileSource;
  readonly #edges = new Map<number, readonly Digest[]>();
  /** The last full tile of each level that was checked. */
  readonly #last = new Map<number, { readonly index: number; readonly digests: readonly Digest[] }>();

  /** Call `checkRoot` before anything else unless the root is computed to be compared elsewhere. */
  constructor(source: TileSource, size: number) {
    this.#source = source;
    this.size = size;
  }

  /** The tree under a signed root; rejects when the tiles of its right edge do not give that root. */
  static async open(source: TileSource, size: number, root: Digest): Promise<TileTree> {
    const tree = new TileTree(source, size);
    if ((await tree.root()) !== root) throw new VerificationError('checkpoint', `the stored tiles do not give the root signed for ${String(size)} entries`);
    return tree;
  }

  /** Root computed from the tiles of the right edge. */
  async root(): Promise<Digest> {
    const frontier = new Frontier();
    for (let level = this.levels() - 1; level >= 0; level -= 1) {
      for (const digest of await this.edge(level)) frontier.append(digest, 8 * level);
    }
    return frontier.root();
  }

  /** Number of tile levels that hold hashes. */
  levels(): number {
    let levels = 0;
    for (let hashes = this.size; hashes > 0; hashes = Math.floor(hashes / TILE_WIDTH)) levels += 1;
    return levels;
  }

  /** Hashes of the partial tile at the right edge of a level; none when the last tile is full. */
  async edge(level: number): Promise<readonly Digest[]> {
    const { full, partial } = tilesAt(level, this.size);
    return partial === 0 ? [] : this.#edgeTile(level, full, partial);
  }

  /** Hashes of a tile, full or at the right edge, checked. */
  async tile(level: number, index: number): Promise<readonly Digest[]> {
    const width = tileWidth(level, index, this.size);
    if (width === 0) throw new RangeError(`a tree of ${String(this.size)} entries has no tile ${String(index)} at level ${String(level)}`);
    return width < TILE_WIDTH ? this.#edgeTile(level, index, width) : this.#fullTile(level, index);
  }

  /** MTH(D[start:end]) for a start that is a multiple of the smallest power of two not below end - start. */
  async subtreeHash(start: number, end: number): Promise<Digest> {
    let height = 0;
    while (2 ** (height + 1) <= end - start) height += 1;
    const width = 2 ** height;
    if (width === end - start) return this.#perfectHash(height, start / width);
    return hashNode(await this.#perfectHash(height, start / width), await this.subtreeHash(start + width, end));
  }

  async #perfectHash(height: number, index: number): Promise<Digest> {
    const level = Math.floor(height / 8);
    const count = 2 ** (height % 8);
    const first = index * count;
    const tile = await this.tile(level, Math.floor(first / TILE_WIDTH));
    const column = first % TILE_WIDTH;
    return perfectRoot(tile.slice(column, column + count));
  }

  async #fullTile(level: number, index: number): Promise<readonly Digest[]> {
    const kept = this.#last.get(level);
    if (kept?.index === index) return kept.digests;
    const digests = await this.#readFull(level, index);
    const parent = await this.tile(level + 1, Math.floor(index / TILE_WIDTH));
    if (parent[index % TILE_WIDTH] !== perfectRoot(digests))
      throw new VerificationError(tilePath(level, index), 'does not hash to what the tile above it says');
    this.#last.set(level, { index, digests });
    return digests;
  }

  /** The partial tile, else the beginning of the full one that replaced it, else its hashes computed from the tiles below. */
  async #edgeTile(level: number, index: number, width: number): Promise<readonly Digest[]> {
    const kept = this.#edges.get(level);
    if (kept !== undefined) return kept;
    const path = tilePath(level, index, width);
    const stored = (await this.#source.read(path)) ?? (await this.#source.read(tilePath(level, index)));
    if (stored === undefined && level === 0) throw new VerificationError(path, 'is missing');
    const digests = stored === undefined ? await this.#edgeFromBelow(level, index, width) : tileDigests(stored.subarray(0, width * DIGEST_BYTES));
    if (digests.length !== width || digests.at(-1)?.length !== DIGEST_BYTES) throw new VerificationError(path, 'is too short');
    this.#edges.set(level, digests);
    return digests;
  }

  async #edgeFromBelow(level: number, index: number, width: number): Promise<Digest[]> {
    const digests: Digest[] = [];
    for (let i = 0; i < width; i += 1) digests.push(perfectRoot(await this.#readFull(level - 1, index * TILE_WIDTH + i)));
    return digests;
  }

  async #readFull(level: number, index: number): Promise<Digest[]> {
    const path = tilePath(level, index);
    const bytes = await this.#source.read(path);
    if (bytes === undefined) throw new VerificationError(path, 'is missing');
    if (bytes.length !== FULL_TILE_BYTES) throw new VerificationError(path, `has ${String(bytes.length)} bytes instead of ${String(FULL_TILE_BYTES)}`);
    return tileDigests(bytes);
  }
}
