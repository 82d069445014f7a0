import { closeSync, fdatasyncSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

let counter = 0;

/** Makes a rename or an unlink in `folder` durable. */
export function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * Replaces `path` so that a crash at any moment leaves either the old or the new bytes: temporary file beside it,
 * fsync, rename, fsync of the folder. Default mode 0600. On failure nothing but the old file remains.
 */
export function replaceFile(path: string, bytes: string | Uint8Array, mode = 0o600): void {
  const temporary = `${path}.${String(process.pid)}-${String(counter++)}.tmp`;
  const data = typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
  try {
    const fd = openSync(temporary, 'wx', mode);
    try {
      let written = 0;
      while (written < data.length) written += writeSync(fd, data, written);
      fdatasyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  syncFolder(dirname(path));
}
