import { closeSync, fstatSync, linkSync, mkdirSync, openSync, readFileSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { replaceFile, syncFolder } from './atomic-file.ts';
import { ElulmcError } from './errors.ts';
import { newId } from './ids.ts';

/**
 * A secret file of ours, or undefined when there is none. KEY_FILE_UNSAFE when anybody but its owner may read it, or its
 * folder can be written by others, who could then put another one in its place.
 */
export function readPrivateFile(path: string): Buffer | undefined {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const stat = fstatSync(fd);
    const mode = stat.mode & 0o777;
    if (!stat.isFile() || (mode & 0o077) !== 0)
      throw new ElulmcError('KEY_FILE_UNSAFE', `${path} has mode ${mode.toString(8).padStart(3, '0')}; it must be 600`);
    const folderMode = statSync(dirname(path)).mode & 0o777;
    if ((folderMode & 0o022) !== 0)
      throw new ElulmcError('KEY_FILE_UNSAFE', `${dirname(path)} has mode ${folderMode.toString(8)}; others can replace keys in it`);
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * Creates the file only if it does not exist, durable and whole or not at all: of two processes that start together, both
 * end with the bytes of one. Returns what is in the file afterwards.
 */
export function createPrivateFile(path: string, bytes: string | Buffer): Buffer {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${newId('key')}`;
  try {
    replaceFile(draft, bytes, 0o600);
    linkSync(draft, path);
    syncFolder(dirname(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  const written = readPrivateFile(path);
  if (written === undefined) throw new ElulmcError('KEY_FILE_UNSAFE', `${path} vanished while it was being made`);
  return written;
}
