import { type Dirent, lstatSync, opendirSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { isAbsolute, join, relative, sep } from 'node:path';

const MAX_FILES = 200_000;
const MAX_DEPTH = 64;
/** How the Hugging Face cache stores a snapshot: links to files that are named by their digest. */
const CACHE_BLOB = /^(?:\.\.\/){2,8}blobs\/[0-9a-f]{40,64}$/;

/** Something below the scanned folder. `path`: relative, `/` between its parts. */
export interface FolderEntry {
  readonly path: string;
  readonly absolute: string;
  readonly kind: 'file' | 'link' | 'special' | 'folder';
  /** Bytes of a file. */
  readonly size: number;
  /** What is wrong with it; null for files and for links that were followed. */
  readonly trouble: 'outside' | 'broken' | 'special' | 'too-many' | 'unreadable' | null;
  readonly detail: string;
}

/**
 * Every file below a folder, sorted by path, links to files inside of it included. Names are not looked at: dot files and dot folders
 * count. Nothing is followed out of the folder but links of a Hugging Face cache to its own blobs.
 */
export function walkFolder(root: string): FolderEntry[] {
  const real = realpathSync(root);
  const entries: FolderEntry[] = [];
  const folders: { readonly path: string; readonly depth: number }[] = [{ path: '', depth: 0 }];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const listed = list(join(real, folder.path));
    if (typeof listed === 'string') {
      entries.push(entryOf(real, folder.path, 'folder', 'unreadable', listed));
      continue;
    }
    if (listed.length > 0 && (entries.length + listed.length > MAX_FILES || folder.depth >= MAX_DEPTH)) {
      entries.push(entryOf(real, folder.path, 'folder', 'too-many', `more than ${String(MAX_FILES)} files or ${String(MAX_DEPTH)} levels`));
      continue;
    }
    for (const dirent of listed) {
      const path = folder.path === '' ? dirent.name : `${folder.path}/${dirent.name}`;
      if (dirent.isDirectory()) folders.push({ path, depth: folder.depth + 1 });
      else entries.push(...look(real, path, dirent));
    }
  }
  return sorted(entries);
}

const sorted = (entries: readonly FolderEntry[]): FolderEntry[] => entries.toSorted((a, b) => (a.path < b.path ? -1 : Number(a.path > b.path)));

/** The entries of one folder, or why it cannot be read. */
function list(path: string): Dirent[] | string {
  const found: Dirent[] = [];
  try {
    const folder = opendirSync(path);
    try {
      for (let entry = folder.readSync(); entry !== null && found.length <= MAX_FILES; entry = folder.readSync()) found.push(entry);
    } finally {
      folder.closeSync();
    }
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return found;
}

function entryOf(root: string, path: string, kind: FolderEntry['kind'], trouble: FolderEntry['trouble'], detail: string, size = 0): FolderEntry {
  return { path, absolute: join(root, path), kind, size, trouble, detail };
}

function look(root: string, path: string, dirent: Dirent): FolderEntry[] {
  const absolute = join(root, path);
  try {
    if (dirent.isFile()) return [entryOf(root, path, 'file', null, '', lstatSync(absolute).size)];
    return dirent.isSymbolicLink() ? [lookAtLink(root, path, absolute)] : [entryOf(root, path, 'special', 'special', kindOf(dirent))];
  } catch (error) {
    return [entryOf(root, path, 'file', 'unreadable', error instanceof Error ? error.message : String(error))];
  }
}

function kindOf(dirent: Dirent): string {
  if (dirent.isFIFO()) return 'FIFO';
  if (dirent.isSocket()) return 'socket';
  return dirent.isBlockDevice() || dirent.isCharacterDevice() ? 'device' : 'unknown kind';
}

function lookAtLink(root: string, path: string, absolute: string): FolderEntry {
  const target = readlinkSync(absolute);
  let real: string;
  try {
    real = realpathSync(absolute);
  } catch {
    return entryOf(root, path, 'link', 'broken', `points to ${target}`);
  }
  const below = relative(root, real);
  const outside = below.split(sep)[0] === '..' || isAbsolute(below);
  if (outside && !CACHE_BLOB.test(target)) return entryOf(root, path, 'link', 'outside', `points to ${target}`);
  const stat = statSync(real);
  if (stat.isFile()) return entryOf(root, path, 'file', null, `link to ${target}`, stat.size);
  // A folder inside is scanned under its own name.
  return stat.isDirectory()
    ? entryOf(root, path, 'link', null, `points to the folder ${target}`)
    : entryOf(root, path, 'special', 'special', `link to ${target}`);
}
