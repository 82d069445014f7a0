import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { dirname, delimiter } from 'node:path';
import { monotonicMs, sleep } from '../../src/core/clock.ts';
import { childEnvironment } from '../../src/core/environment.ts';
import { isRunning, treeOf } from './process-tree.ts';

/** A process that the benchmark started. */
export interface Child {
  readonly pid: number;
  readonly process: ChildProcess;
  /** The last 4 KB that it wrote to stdout and stderr, for error messages. */
  readonly said: () => string;
  /** Resolves with the exit code, null after a signal. */
  readonly ended: Promise<number | null>;
}

export interface ChildOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

const SAID_MAX = 4096;

/** The environment that every target gets: the pinned Node first in PATH, no settings of the caller's installation. */
function benchEnvironment(extra: Readonly<Record<string, string>>): Record<string, string> {
  const theirs = new Set(['DATABASE_URL', 'ELULMC_HOME', 'ELULMC_GATEWAY_PORT', 'ELULMC_CONTROL_PORT', 'NODE_OPTIONS', 'NODE_V8_COVERAGE']);
  const kept = Object.fromEntries(Object.entries(childEnvironment()).filter(([name]) => !theirs.has(name)));
  const path = `${dirname(process.execPath)}${delimiter}${kept['PATH'] ?? ''}`;
  return { ...kept, PATH: path, ...extra };
}

const running = new Set<ChildProcess>();

/** The last resort, when the benchmark ends in the middle of something: what was not stopped in order is killed. */
function killRunning(): void {
  for (const child of running) child.kill('SIGKILL');
}

/** Starts a program. A failure to spawn rejects `ended`. */
export function startChild(command: string, args: readonly string[], options: ChildOptions = {}): Child {
  const child = spawn(command, args, {
    stdio: 'pipe',
    env: benchEnvironment(options.env ?? {}),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  let said = '';
  const listen = (bytes: Buffer): void => {
    said = (said + bytes.toString()).slice(-SAID_MAX);
  };
  child.stdout.on('data', listen);
  child.stderr.on('data', listen);
  if (running.size === 0) process.once('exit', killRunning);
  running.add(child);
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  }).finally(() => {
    running.delete(child);
    if (running.size === 0) process.off('exit', killRunning);
  });
  ended.catch(() => undefined);
  return { pid: child.pid ?? -1, process: child, said: () => said, ended };
}

/** Runs a program to its end and gives what it wrote to stdout. Throws when it fails or takes longer than `limitMs`. */
export async function runToEnd(command: string, args: readonly string[], limitMs: number, options: ChildOptions = {}): Promise<string> {
  const child = startChild(command, args, options);
  let output = '';
  child.process.stdout?.on('data', (bytes: Buffer) => {
    output += bytes.toString();
  });
  const timer = setTimeout(() => child.process.kill('SIGKILL'), limitMs);
  const code = await child.ended.finally(() => {
    clearTimeout(timer);
  });
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${String(code)}: ${child.said()}`);
  return output;
}

/** Asks a child to stop, then makes sure that it and everything below it has gone. Only processes of its own tree are touched. */
export async function stopTree(child: Child, signal: NodeJS.Signals, graceMs: number, alsoOurs: readonly number[] = []): Promise<void> {
  if (child.pid < 0) return;
  const tree = [...treeOf([child.pid]), ...alsoOurs];
  child.process.stdin?.destroy();
  child.process.kill(signal);
  const deadline = monotonicMs() + graceMs;
  while (tree.some(isRunning) && monotonicMs() < deadline) await sleep(20);
  for (const pid of tree.filter(isRunning)) process.kill(pid, 'SIGKILL');
  await child.ended.catch(() => undefined);
}

/** A port that was free a moment ago, for programs that cannot listen on 0. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Resolves when `attempt` does; throws its last error after `limitMs`, or as soon as the child has ended. */
export async function untilWorks(child: Child, attempt: () => Promise<void>, limitMs: number): Promise<void> {
  const deadline = monotonicMs() + limitMs;
  for (;;) {
    try {
      await attempt();
      return;
    } catch (error) {
      if (!isRunning(child.pid)) throw new Error(`the process ended: ${child.said()}`, { cause: error });
      if (monotonicMs() > deadline) throw error;
    }
    await sleep(50);
  }
}
