import { chownSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFile } from '../../core/atomic-file.ts';
import { childEnvironment } from '../../core/environment.ts';
import type { ProcessRunner } from './process-runner.ts';

/** What postmaster.pid of a data directory says (PostgreSQL, pidfile.h: lines 1, 4 and 8). */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  readonly ready: boolean;
}

/** Larger than any process id of any system, so no process ever has it. */
const NO_PROCESS = 2_147_483_646;

export function serverEnvironment(): Record<string, string> {
  return { PATH: childEnvironment()['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', TZ: 'UTC' };
}

function pidFile(dataDirectory: string): string {
  return join(dataDirectory, 'postmaster.pid');
}

/** The file's content, or undefined when it is absent or not yet written whole. */
export function readPostmaster(dataDirectory: string): Postmaster | undefined {
  let lines: string[];
  try {
    lines = readFileSync(pidFile(dataDirectory), 'utf8').split('\n');
  } catch {
    return undefined;
  }
  const pid = Number(lines[0]);
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  const port = Number(lines[3]);
  return { pid, port: Number.isSafeInteger(port) ? port : 0, ready: lines[7]?.trim() === 'ready' };
}

export function processLives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function commandLine(pid: number, runner: ProcessRunner): Promise<string> {
  try {
    return readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    const { stdout } = await runner.run(['ps', '-o', 'command=', '-p', String(pid)], { env: serverEnvironment(), timeoutMs: 5000 });
    return stdout;
  }
}

/** Whether the process of postmaster.pid lives and is the server of this data directory, not a stranger under a reused id. */
export async function serverLives(postmaster: Postmaster, dataDirectory: string, runner: ProcessRunner): Promise<boolean> {
  if (!processLives(postmaster.pid)) return false;
  const command = await commandLine(postmaster.pid, runner);
  return command.includes('postgres') && command.includes(`-D ${dataDirectory} `);
}

/**
 * After a crash the server takes a stale postmaster.pid over by itself, unless a stranger runs under the old id: then it
 * refuses to start. Only the id is replaced; the line with the shared memory stays, by which the server finds orphans.
 */
export function disownStranger(dataDirectory: string): void {
  const path = pidFile(dataDirectory);
  const { uid, gid } = statSync(path);
  const lines = readFileSync(path, 'utf8').split('\n');
  replaceFile(path, [String(NO_PROCESS), ...lines.slice(1)].join('\n'));
  chownSync(path, uid, gid);
}
