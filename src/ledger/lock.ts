import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ElulmcError } from '../core/errors.ts';
import { isLock, readLock, takeLock } from '../core/lock-file.ts';
import type { LockFile } from '../core/lock-file.ts';

/**
 * Takes the lock of a log folder. A lock whose process is gone is taken over; one that says nothing is not, because a log
 * must never have two writers. Throws LEDGER_LOCKED naming the process that holds it.
 */
export function acquireLock(directory: string): LockFile {
  const path = join(directory, 'lock');
  if (existsSync(path) && readLock(path) === undefined && existsSync(path))
    throw new ElulmcError('LEDGER_LOCKED', `${path} is not readable as a lock; remove it if no process writes this log`);
  const lock = takeLock(path);
  if (isLock(lock)) return lock;
  throw new ElulmcError('LEDGER_LOCKED', `${path} is held by process ${String(lock.pid)} of host ${lock.host}; if that host is gone for good, remove the file`);
}
