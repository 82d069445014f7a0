import { closeSync, fstatSync, fsyncSync, linkSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { asRecord } from './json.ts';
import { newId } from './ids.ts';

/** Who holds a lock: enough to tell a living holder from a dead one whose pid was given to another process. */
export interface LockHolder {
  readonly host: string;
  /** Kernel boot id; empty where the system has none. */
  readonly bootId: string;
  readonly pid: number;
  /** Start time of the process in clock ticks since boot; empty where the system does not tell. */
  readonly startTime: string;
}

/** A lock that is held. Plain data, so that another thread of the holder can look after it too. */
export interface LockFile {
  readonly path: string;
  readonly inode: number;
  /** With the inode: a number may be used again for the next lock. */
  readonly modifiedMs: number;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Field 22 of /proc/<pid>/stat; the command name before it may hold blanks and parentheses. Empty when there is no such process. */
function startTimeOf(pid: number): string {
  const stat = readText(`/proc/${String(pid)}/stat`);
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

function thisProcess(): LockHolder {
  return { host: hostname(), bootId: readText('/proc/sys/kernel/random/boot_id').trim(), pid: process.pid, startTime: startTimeOf(process.pid) };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Whether the holder still runs. A holder on another host cannot be judged and counts as running. */
export function holderLives(holder: LockHolder): boolean {
  const self = thisProcess();
  if (holder.host !== self.host) return true;
  if (holder.bootId !== self.bootId) return false;
  if (!isAlive(holder.pid)) return false;
  return holder.startTime === '' || startTimeOf(holder.pid) === holder.startTime;
}

/** The holder named in a lock file, or undefined when there is no file or nothing sensible in it. */
export function readLock(path: string): LockHolder | undefined {
  try {
    const record = asRecord(JSON.parse(readFileSync(path, 'utf8')));
    if (record === undefined || typeof record['pid'] !== 'number') return undefined;
    const text = (name: string): string => (typeof record[name] === 'string' ? record[name] : '');
    return { host: text('host'), bootId: text('bootId'), pid: record['pid'], startTime: text('startTime') };
  } catch {
    return undefined;
  }
}

/** Writes the whole content under another name and links it into place: no reader ever sees half a lock, and only one writer wins. */
function tryCreate(path: string): LockFile | undefined {
  const draft = `${path}.${newId('run')}`;
  const fd = openSync(draft, 'wx', 0o600);
  try {
    writeSync(fd, JSON.stringify(thisProcess()) + '\n');
    fsyncSync(fd);
    const { ino, mtimeMs } = fstatSync(fd);
    linkSync(draft, path);
    return { path, inode: ino, modifiedMs: mtimeMs };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined;
    throw error;
  } finally {
    closeSync(fd);
    rmSync(draft, { force: true });
  }
}

/**
 * Takes the lock, or says who holds it. The lock of a process that is gone (dead pid, reused pid, earlier boot) is taken
 * over. A file that names nobody is taken over too: whoever wrote it never had the lock.
 */
export function takeLock(path: string): LockFile | LockHolder {
  for (;;) {
    const holder = readLock(path);
    if (holder !== undefined && holderLives(holder)) return holder;
    const lock = tryCreate(path);
    if (lock !== undefined) return lock;
    removeStale(path, holder);
  }
}

/** Only one of several takers may remove a stale file, and never a fresh one: the removal itself is under a lock of its own. */
function removeStale(path: string, seen: LockHolder | undefined): void {
  const guard = `${path}.takeover`;
  if (tryCreate(guard) === undefined) {
    const other = readLock(guard);
    if (other === undefined || !holderLives(other)) rmSync(guard, { force: true });
    return;
  }
  try {
    const now = readLock(path);
    const isTheSame = now?.pid === seen?.pid && now?.startTime === seen?.startTime;
    if (isTheSame && (now === undefined || !holderLives(now))) rmSync(path, { force: true });
  } finally {
    rmSync(guard, { force: true });
  }
}

/** Whether the file at the lock's path is still the one that was made. */
export function isHeld(lock: LockFile): boolean {
  const stat = statSync(lock.path, { throwIfNoEntry: false });
  return stat?.ino === lock.inode && stat.mtimeMs === lock.modifiedMs;
}

/** Removes the file if it is still ours. */
export function releaseLock(lock: LockFile): void {
  if (isHeld(lock)) rmSync(lock.path, { force: true });
}

export function isLock(result: LockFile | LockHolder): result is LockFile {
  return 'inode' in result;
}
