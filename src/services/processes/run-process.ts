import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly uid?: number;
  readonly gid?: number;
  /** After this the process is killed and `code` is null. Default: 60 s. */
  readonly timeoutMs?: number;
}

export interface RunResult {
  /** Null when a signal or the time limit ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const MAX_OUTPUT_BYTES = 1024 * 1024;

function argumentsOf(argv: readonly string[]): [string, readonly string[]] {
  const [program, ...rest] = argv;
  if (program === undefined) throw new Error('an empty command line cannot be run');
  return [program, rest];
}

/** Keeps the beginning of what a process prints; the rest is read and dropped, so that it never blocks. */
function collect(stream: NodeJS.ReadableStream): () => string {
  const parts: Buffer[] = [];
  let size = 0;
  stream.on('data', (chunk: Buffer) => {
    if (size < MAX_OUTPUT_BYTES) parts.push(chunk.subarray(0, MAX_OUTPUT_BYTES - size));
    size += chunk.length;
  });
  return () => Buffer.concat(parts).toString('utf8');
}

/** Runs a program to its end, by argument vector and never through a shell. Rejects when it cannot be started. */
export function runProcess(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const [program, rest] = argumentsOf(argv);
  return new Promise((resolve, reject) => {
    const child = spawn(program, rest, {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: options.timeoutMs ?? 60_000,
      killSignal: 'SIGKILL',
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.env === undefined ? {} : { env: options.env }),
      ...(options.uid === undefined ? {} : { uid: options.uid }),
      ...(options.gid === undefined ? {} : { gid: options.gid }),
    });
    const stdout = collect(child.stdout);
    const stderr = collect(child.stderr);
    child.once('error', reject);
    child.once('close', (code) => {
      resolve({ code, stdout: stdout(), stderr: stderr() });
    });
  });
}

export interface DetachOptions {
  /** Standard output and error are appended to this file. */
  readonly logFile: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly uid?: number;
  readonly gid?: number;
}

export interface DetachedProcess {
  /** Undefined when it could not be started; then `failed` resolves. */
  readonly pid: number | undefined;
  /** Resolves with the reason when the process could not be started or ended; never rejects. */
  readonly failed: Promise<Error>;
}

/** Starts a program that outlives this process, in a session of its own. */
export function detachProcess(argv: readonly string[], options: DetachOptions): DetachedProcess {
  const [program, rest] = argumentsOf(argv);
  const log = openSync(options.logFile, 'a', 0o600);
  const child = spawn(program, rest, {
    stdio: ['ignore', log, log],
    detached: true,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.uid === undefined ? {} : { uid: options.uid }),
    ...(options.gid === undefined ? {} : { gid: options.gid }),
  });
  closeSync(log);
  const failed = new Promise<Error>((resolve) => {
    child.once('error', resolve);
    child.once('exit', (code, signal) => {
      resolve(new Error(`${program} ended with ${code === null ? String(signal) : `code ${String(code)}`}; see ${options.logFile}`));
    });
  });
  child.unref();
  return { pid: child.pid, failed };
}
