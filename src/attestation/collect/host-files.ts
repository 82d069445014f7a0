import { closeSync, fstatSync, lstatSync, mkdirSync, openSync, readdirSync, readSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { join } from 'node:path';

/** Longer than any list of measured files that is worth reading at once. */
const MAX_BYTES = 64 * 1024 * 1024;
const CHUNK = 64 * 1024;

/** What is not there is another answer than what may not be looked at. */
export type Look<T> = { readonly outcome: 'found'; readonly value: T } | { readonly outcome: 'absent' | 'denied' | 'failed'; readonly why: string };

/** The interfaces of a host that are files. Paths are absolute as on the host itself: `/sys/kernel/config/tsm/report`. */
export interface HostFiles {
  /** The whole content, at most 64 MiB. */
  read(path: string): Look<Buffer>;
  /** Names in a folder, sorted. */
  list(folder: string): Look<readonly string[]>;
  kindOf(path: string): Look<'file' | 'folder' | 'device'>;
  write(path: string, bytes: Buffer): Look<null>;
  makeFolder(path: string): Look<null>;
  /** An empty one, or one whose files go with it as in configfs. */
  removeFolder(path: string): void;
}

const DENIED: ReadonlySet<string | undefined> = new Set(['EACCES', 'EPERM', 'EROFS']);
const ABSENT: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ENOTDIR', 'ENXIO', 'ENODEV']);

function look<T>(work: () => T): Look<T> {
  try {
    return { outcome: 'found', value: work() };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (ABSENT.has(code)) return { outcome: 'absent', why: 'not there' };
    return { outcome: DENIED.has(code) ? 'denied' : 'failed', why: code ?? message };
  }
}

function kindOfStat(stat: Stats): 'file' | 'folder' | 'device' {
  if (stat.isFile()) return 'file';
  return stat.isDirectory() ? 'folder' : 'device';
}

/** Files of the kernel say that they have no bytes, so their size is not asked. */
function readAll(path: string): Buffer {
  const fd = openSync(path, 'r');
  try {
    if (!fstatSync(fd).isFile()) throw new Error('not a file');
    const parts: Buffer[] = [];
    let total = 0;
    for (;;) {
      const part = Buffer.alloc(CHUNK);
      const count = readSync(fd, part);
      if (count === 0) return Buffer.concat(parts);
      total += count;
      if (total > MAX_BYTES) throw new Error('larger than 64 MiB');
      parts.push(part.subarray(0, count));
    }
  } finally {
    closeSync(fd);
  }
}

/** The files below `root`: `/` for this host, else a tree that was recorded or made. */
export function hostFiles(root: string): HostFiles {
  const at = (path: string): string => join(root, path);
  return {
    read: (path) =>
      look(() => {
        // Before it is opened: opening a pipe waits for who writes to it.
        if (!statSync(at(path)).isFile()) throw new Error('not a file');
        return readAll(at(path));
      }),
    list: (folder) => look(() => readdirSync(at(folder)).sort()),
    kindOf: (path) => look(() => kindOfStat(statSync(at(path)))),
    write: (path, bytes) =>
      look(() => {
        writeFileSync(at(path), bytes, { flag: 'r+' });
        return null;
      }),
    makeFolder: (path) =>
      look(() => {
        mkdirSync(at(path), { mode: 0o700 });
        return null;
      }),
    removeFolder: (path) => {
      look(() => {
        if (lstatSync(at(path)).isDirectory()) rmdirSync(at(path));
      });
    },
  };
}
