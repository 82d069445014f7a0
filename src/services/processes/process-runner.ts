import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { constants } from 'node:os';
import type { ProcessRunner } from '../../store/embedded/process-runner.ts';

const MAX_OUTPUT_BYTES = 1024 * 1024;
/** What a shell answers for a program that cannot be started. */
const NOT_STARTED = 127;
const SIGNAL_BASE = 128;

function programOf(argv: readonly string[]): [string, readonly string[]] {
  const [program = '', ...rest] = argv;
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

/** Starts programs by argument vector and never through a shell. The only way from this program to another one. */
export const processRunner: ProcessRunner = {
  run(argv, options) {
    const [program, rest] = programOf(argv);
    return new Promise((resolve) => {
      const limits = { timeout: options.timeoutMs, killSignal: 'SIGKILL' } as const;
      const child = spawn(program, rest, { env: options.env, ...options.user, ...limits, stdio: ['ignore', 'pipe', 'pipe'] });
      const stdout = collect(child.stdout);
      const stderr = collect(child.stderr);
      child.once('error', (error) => {
        resolve({ code: NOT_STARTED, stdout: '', stderr: error.message });
      });
      child.once('close', (code, signal) => {
        resolve({ code: code ?? SIGNAL_BASE + (signal === null ? 0 : constants.signals[signal]), stdout: stdout(), stderr: stderr() });
      });
    });
  },

  detach(argv, options) {
    const [program, rest] = programOf(argv);
    const log = openSync(options.logFile, 'a', 0o600);
    const child = spawn(program, rest, { env: options.env, ...options.user, stdio: ['ignore', log, log], detached: true });
    closeSync(log);
    const failed = new Promise<Error>((resolve) => {
      child.once('error', resolve);
      child.once('exit', (code, signal) => {
        resolve(new Error(`${program} ended with ${code === null ? String(signal) : `code ${String(code)}`}`));
      });
    });
    child.unref();
    return { pid: child.pid ?? 0, failed };
  },
};
