import { closeSync, fdatasyncSync, ftruncateSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { syncFolder } from '../core/atomic-file.ts';

/** Files of the write-ahead log: `entries.wal/<first index, 16 digits>.wal`. */
export const WAL_FOLDER = 'entries.wal';

/** When a segment is left for a new one. */
const SEGMENT_BYTES = 64 * 1024 * 1024;
const SEGMENT_ENTRIES = 65_536;

export interface SegmentFile {
  readonly path: string;
  readonly firstIndex: number;
}

/** A segment that is no longer written. */
export interface ClosedSegment extends SegmentFile {
  /** First index after it. */
  readonly endIndex: number;
}

function segmentPath(directory: string, firstIndex: number): string {
  return join(directory, WAL_FOLDER, `${String(firstIndex).padStart(16, '0')}.wal`);
}

/** The segments of a log in order; undefined when it has no WAL folder. Other files there are passed over. */
export function listSegments(directory: string): SegmentFile[] | undefined {
  let names: string[];
  try {
    names = readdirSync(join(directory, WAL_FOLDER));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const segments = names.filter((name) => /^[0-9]{16}\.wal$/.test(name)).sort();
  return segments.map((name) => ({ path: join(directory, WAL_FOLDER, name), firstIndex: Number(name.slice(0, 16)) }));
}

export function readSegment(segment: SegmentFile): Buffer {
  return readFileSync(segment.path);
}

/** Cuts an unfinished write off the last segment. */
export function truncateSegment(segment: SegmentFile, bytes: number): void {
  const fd = openSync(segment.path, 'r+');
  try {
    ftruncateSync(fd, bytes);
    fdatasyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Removes segments whose entries are durable elsewhere, oldest first. The folder is synced so that no later one can vanish before an earlier. */
export function removeSegment(segment: SegmentFile): void {
  rmSync(segment.path, { force: true });
  syncFolder(dirname(segment.path));
}

/** Appends frames to the last segment and begins new segments. */
export class Wal {
  readonly #directory: string;
  #fd: number;
  #bytes = 0;
  #firstIndex: number;
  #nextIndex: number;

  /** Always begins a segment: one that was written by an earlier process is never continued. An empty one of the same name is replaced. */
  constructor(directory: string, nextIndex: number) {
    this.#directory = directory;
    this.#firstIndex = nextIndex;
    this.#nextIndex = nextIndex;
    const folder = join(directory, WAL_FOLDER);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#fd = this.#begin();
  }

  get nextIndex(): number {
    return this.#nextIndex;
  }

  /** First index of the segment being written. */
  get segmentStart(): number {
    return this.#firstIndex;
  }

  /**
   * Writes one frame of `count` entries and makes it durable. When the write fails (a full disk) what was written of it is cut
   * off again; when fdatasync fails nobody knows what is on the disk, and the log must not be written any more.
   */
  append(frame: Buffer, count: number): void {
    try {
      let written = 0;
      while (written < frame.length) written += writeSync(this.#fd, frame, written, frame.length - written, this.#bytes + written);
    } catch (error) {
      ftruncateSync(this.#fd, this.#bytes);
      throw error;
    }
    fdatasyncSync(this.#fd);
    this.#bytes += frame.length;
    this.#nextIndex += count;
  }

  /** Whether the segment is large enough to begin another. */
  isSegmentFull(): boolean {
    return this.#bytes >= SEGMENT_BYTES || this.#nextIndex - this.#firstIndex >= SEGMENT_ENTRIES;
  }

  /** Begins the next segment and returns the one that was left. */
  roll(): ClosedSegment {
    const closed = { path: segmentPath(this.#directory, this.#firstIndex), firstIndex: this.#firstIndex, endIndex: this.#nextIndex };
    closeSync(this.#fd);
    this.#firstIndex = this.#nextIndex;
    this.#bytes = 0;
    this.#fd = this.#begin();
    return closed;
  }

  close(): void {
    closeSync(this.#fd);
  }

  #begin(): number {
    const path = segmentPath(this.#directory, this.#firstIndex);
    const fd = openSync(path, 'w', 0o600);
    // Before the first acknowledgement: fdatasync of the file does not make its name durable.
    syncFolder(dirname(path));
    return fd;
  }
}
