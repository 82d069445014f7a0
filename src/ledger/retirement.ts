import type { DerivedFiles } from './derived-files.ts';
import { TILE_WIDTH, tilePath } from './verify/tile-path.ts';
import { removeSegment } from './wal.ts';
import type { ClosedSegment } from './wal.ts';

/**
 * Removes WAL segments whose entries lie in full bundles. The derived files of a segment are synced first, a few at a time:
 * each fsync delays the next group, so this is done when the log is quiet.
 */
export class Retirement {
  readonly #files: DerivedFiles;
  readonly #segments: ClosedSegment[];
  /** Files of the first segment; `#synced` of them are durable. */
  #paths: readonly string[] | undefined;
  #synced = 0;

  constructor(files: DerivedFiles, segments: readonly ClosedSegment[]) {
    this.#files = files;
    this.#segments = [...segments];
  }

  /** Segments that wait. */
  get backlog(): number {
    return this.#segments.length;
  }

  add(segment: ClosedSegment): void {
    this.#segments.push(segment);
  }

  /** Whether the first segment's last bundle is full in a tree of `size` entries. */
  isReady(size: number): boolean {
    const segment = this.#segments[0];
    return segment !== undefined && fullBundlesEnd(segment) <= size;
  }

  /** Syncs up to `count` files of the first segment; with its last file the segment goes. Call only when it is ready. */
  advance(count: number): void {
    const segment = this.#segments[0];
    if (segment === undefined) return;
    const paths = (this.#paths ??= derivedPaths(segment));
    for (const path of paths.slice(this.#synced, this.#synced + count)) this.#files.sync(path);
    this.#synced += count;
    if (this.#synced < paths.length) return;
    this.#files.syncFolders(paths);
    removeSegment(segment);
    this.#segments.shift();
    this.#paths = undefined;
    this.#synced = 0;
  }
}

function fullBundlesEnd(segment: ClosedSegment): number {
  return Math.ceil(segment.endIndex / TILE_WIDTH) * TILE_WIDTH;
}

/** The bundles that hold a segment's entries, their tiles, and the upper tiles that they completed. */
function derivedPaths(segment: ClosedSegment): string[] {
  const end = fullBundlesEnd(segment);
  const paths: string[] = [];
  for (let level = 0, span = TILE_WIDTH; span <= end; level += 1, span *= TILE_WIDTH) {
    for (let index = Math.floor(segment.firstIndex / span); index < Math.floor(end / span); index += 1) {
      paths.push(tilePath(level, index));
      if (level === 0) paths.push(tilePath('entries', index));
    }
  }
  return paths;
}
