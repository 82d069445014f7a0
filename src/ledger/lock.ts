import { closeSync, fdatasyncSync, linkSync, openSync, readFileSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { ElulmcError } from '../core/errors.ts';
import { asRecord } from '../core/json.ts';

/** Who writes a log. The start time tells a process from a later one with the same number. */
interface Holder {
  readonly host: string;
  /** Linux: changes with every boot. Empty elsewhere. */
  readonly bootId: string;
  readonly pid: number;
  /** Linux: clock ticks from boot to the start of the process. 0 elsewhere. */
  readonly startTicks: number;
}

/** A lock that is held, as plain data: the writer thread checks it too. */
export interface LogLock {
  readonly path: string;
  readonly inode: number;
  /** With the inode: a number may be used again for the next lock. */
  readonly modifiedMs: number;
}

const ATTEMPTS = 3;
let counter = 0;

/**
 * Takes the lock of a log folder: a file that appears with its whole content or not at all. A lock whose process is gone is
 * taken over. Throws LEDGER_LOCKED naming the process that holds it.
 */
export function acquireLock(directory: string): LogLock {
  const path = join(directory, 'lock');
  const own = writeOwn(path);
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      if (tryLink(own, path)) return identify(path, own);
      removeIfStale(path);
    }
  } finally {
    rmSync(own, { force: true });
  }
  throw new ElulmcError('LEDGER_LOCKED', `${path} changes hands too fast; another process is opening this log`);
}

/** Whether the file at the lock's path is still the one that was made. */
export function isLockHeld(lock: LogLock): boolean {
  const stat = statSync(lock.path, { throwIfNoEntry: false });
  return stat?.ino === lock.inode && stat.mtimeMs === lock.modifiedMs;
}

export function releaseLock(lock: LogLock): void {
  if (isLockHeld(lock)) rmSync(lock.path, { force: true });
}

function identify(path: string, own: string): LogLock {
  const { ino, mtimeMs } = statSync(own);
  return { path, inode: ino, modifiedMs: mtimeMs };
}

function temporaryName(path: string): string {
  counter += 1;
  return `${path}.${String(process.pid)}-${String(counter)}.tmp`;
}

function writeOwn(path: string): string {
  const own = temporaryName(path);
  const holder: Holder = { host: hostname(), bootId: bootId(), pid: process.pid, startTicks: startTicks(process.pid) };
  const fd = openSync(own, 'w', 0o600);
  try {
    writeSync(fd, `${JSON.stringify(holder)}\n`);
    // The name must not outlive a power cut without the content.
    fdatasyncSync(fd);
  } catch (error) {
    rmSync(own, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
  return own;
}

/** Like O_EXCL, but the file is never seen without its content. */
function tryLink(own: string, path: string): boolean {
  try {
    linkSync(own, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function removeIfStale(path: string): void {
  const seen = readIfPresent(path);
  if (seen === undefined) return;
  const holder = parseHolder(seen);
  if (holder === undefined) throw new ElulmcError('LEDGER_LOCKED', `${path} is not readable as a lock; remove it if no process writes this log`);
  if (!isStale(holder)) {
    const where = holder.host === hostname() ? '' : ` of host ${holder.host}; remove ${path} if that host is gone for good`;
    throw new ElulmcError('LEDGER_LOCKED', `${path} is held by process ${String(holder.pid)}${where}`);
  }
  // Two processes may find the same stale lock: whoever moves it looks at what it moved, and gives back a lock that is new.
  const moved = temporaryName(path);
  if (!tryRename(path, moved)) return;
  if (readIfPresent(moved) !== seen) tryLink(moved, path);
  rmSync(moved, { force: true });
}

function tryRename(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

function readIfPresent(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function parseHolder(text: string): Holder | undefined {
  try {
    const { host, bootId: boot, pid, startTicks: ticks } = asRecord(JSON.parse(text)) ?? {};
    if (typeof host !== 'string' || typeof boot !== 'string' || !Number.isSafeInteger(pid) || !Number.isSafeInteger(ticks)) return undefined;
    return { host, bootId: boot, pid: pid as number, startTicks: ticks as number };
  } catch {
    return undefined;
  }
}

/** Only this host can know: a lock of another one is never stale. */
function isStale(holder: Holder): boolean {
  if (holder.host !== hostname()) return false;
  if (holder.bootId !== bootId() || !isAlive(holder.pid)) return true;
  return startTicks(holder.pid) !== holder.startTicks;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function bootId(): string {
  return readIfPresent('/proc/sys/kernel/random/boot_id')?.trim() ?? '';
}

/** Field 22 of /proc/PID/stat; the second field, in parentheses, may hold anything. */
function startTicks(pid: number): number {
  const stat = readIfPresent(`/proc/${String(pid)}/stat`);
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields?.[19] ?? 0);
}
