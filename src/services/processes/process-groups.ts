import { readFileSync, readdirSync } from 'node:fs';

/** Tells one process from any other that ever had its number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** In clock ticks since boot; empty where the system does not tell. */
  readonly startTime: string;
  /** Of the kernel; empty where the system has none. */
  readonly bootId: string;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function bootId(): string {
  return readText('/proc/sys/kernel/random/boot_id').trim();
}

/** The fields of /proc/<pid>/stat after the command name, which may hold blanks and parentheses. */
function statOf(pid: number): readonly string[] {
  const stat = readText(`/proc/${String(pid)}/stat`);
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** Identity of a process that runs. */
export function identityOf(pid: number): ProcessIdentity {
  return { pid, startTime: statOf(pid)[19] ?? '', bootId: bootId() };
}

/** Processes whose environment, as it was at their start, holds this setting. */
function processesWith(setting: string): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => readText(`/proc/${name}/environ`).split('\0').includes(setting))
    .map(Number);
}

function processesOfGroup(group: number): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && statOf(Number(name))[2] === String(group))
    .map(Number);
}

/** `gone`: nothing of it runs. `killed`: it ran and was ended. `unknown`: this system does not tell. */
export type Leftover = 'gone' | 'killed' | 'unknown';

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile, or belongs to another user now.
  }
}

/**
 * Kills what a killed control plane has left running of a process that it started with `setting` (`NAME=value`) in its environment.
 * Only processes that are proved to be these: by the setting, or by number and start time of the first one, whose group they are in.
 */
export function killLeftover(leader: ProcessIdentity | null, setting: string): Leftover {
  const boot = bootId();
  if (boot === '') return 'unknown';
  if (leader !== null && leader.bootId !== boot) return 'gone';
  const isOurs = leader !== null && leader.startTime !== '' && statOf(leader.pid)[19] === leader.startTime;
  const found = new Set([...processesWith(setting), ...(isOurs ? processesOfGroup(leader.pid) : [])]);
  found.delete(process.pid);
  for (const pid of found) kill(pid);
  return found.size === 0 ? 'gone' : 'killed';
}
