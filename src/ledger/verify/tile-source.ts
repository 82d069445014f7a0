import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where the files of a log are read: `checkpoint`, `vkey`, `tile/...`. */
export interface TileSource {
  /** The bytes at a path below the log's prefix, or undefined when there is nothing. Rejects when it cannot be read. */
  read(path: string): Promise<Buffer | undefined>;
}

/** A log folder as it lies there. Reads synchronously: files are small, and the thread pool costs ten times the read. */
export function directorySource(directory: string): TileSource {
  return {
    read: (path) =>
      new Promise((resolve) => {
        resolve(readIfPresent(join(directory, path)));
      }),
  };
}

function readIfPresent(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}
