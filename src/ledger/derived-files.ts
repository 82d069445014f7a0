import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** How a stored derived file compares with what it should be. `lost`: missing or what a lost write leaves. */
export type Comparison = 'same' | 'lost' | 'different';

/** The tiles and bundles of a log folder: derived from the WAL, so written without waiting for the disk. */
export class DerivedFiles {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  write(path: string, bytes: Buffer): void {
    const file = join(this.#directory, path);
    try {
      writeFileSync(file, bytes, { mode: 0o600 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      writeFileSync(file, bytes, { mode: 0o600 });
    }
  }

  /** Writes a file that somebody may be reading: they find the whole of it or what was there before. */
  replace(path: string, bytes: Buffer): void {
    const draft = join(this.#directory, 'derived.tmp');
    writeFileSync(draft, bytes, { mode: 0o600 });
    const file = join(this.#directory, path);
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    renameSync(draft, file);
  }

  /** A crash of the machine leaves a file that was not synced missing, shorter, or with zeros; anything else is damage. */
  compare(path: string, expected: Buffer): Comparison {
    const file = join(this.#directory, path);
    if (!existsSync(file)) return 'lost';
    const stored = readFileSync(file);
    if (stored.equals(expected)) return 'same';
    if (stored.length > expected.length) return 'different';
    return stored.every((byte, i) => byte === expected[i] || byte === 0) ? 'lost' : 'different';
  }

  /** Makes a file durable, not yet its name. */
  sync(path: string): void {
    const fd = openSync(join(this.#directory, path), 'r');
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  }

  /** Makes the names of these files and of the folders above them durable. */
  syncFolders(paths: readonly string[]): void {
    const folders = new Set<string>();
    for (const path of paths) {
      for (let folder = dirname(path); ; folder = dirname(folder)) {
        folders.add(folder);
        if (folder === '.') break;
      }
    }
    for (const folder of folders) this.sync(folder);
  }

  /** Removes the partial forms of a tile. */
  removePartials(fullPath: string): void {
    rmSync(join(this.#directory, `${fullPath}.p`), { recursive: true, force: true });
  }
}
