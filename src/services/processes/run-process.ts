import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import type { Socket } from 'node:net';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { sleep } from '../../core/clock.ts';
import { identityOf } from './process-groups.ts';
import type { ProcessIdentity } from './process-groups.ts';

/** What is kept of the output of a process: its beginning. */
const MAX_KEPT_BYTES = 4 * 1024 * 1024;
const TAIL_CHARACTERS = 4_000;
/** What a shell answers for a program that cannot be started. */
const NOT_STARTED = 127;
const SIGNAL_BASE = 128;
/** Between asking a group to end and ending it. */
const GRACE_MS = 2_000;

export interface ProcessRequest {
  readonly argv: readonly string[];
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** Kills the whole group. */
  readonly signal: AbortSignal;
  /** Waited for last, with nothing between it and the start: if it rejects, nothing is started. */
  readonly beforeStart: () => Promise<void>;
  /** Called before the first output, and waited for: the process is killed if it rejects. */
  readonly onStarted: (process: ProcessIdentity) => Promise<void>;
  readonly onOutput: (text: string) => void;
}

export interface ProcessResult {
  /** As a shell gives it: 127 when it could not be started, 128 and the signal when one ended it. */
  readonly code: number;
  /** Why there is none, where it could not be started. */
  readonly notStarted: string | null;
  readonly ended: 'by-itself' | 'timeout' | 'killed';
  /** It could not be ended: it belongs to another user, or the system does not let go of it. */
  readonly mayStillRun: boolean;
  /** Both streams in the order in which they were written; at most 4 MiB. */
  readonly kept: Buffer;
  readonly sha256: string;
  /** Of the whole output. */
  readonly bytes: number;
  readonly tail: string;
}

/** One connection for both streams, so that what is written to either arrives in order. Ended when the last process has closed it. */
async function openChannel(): Promise<{ readonly near: Socket; readonly far: Socket }> {
  const folder = mkdtempSync(join(tmpdir(), 'elulmc-'));
  const path = join(folder, 'out');
  const server = createServer();
  try {
    const accepted = new Promise<Socket>((resolve, reject) => {
      server.once('connection', resolve);
      server.once('error', reject);
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    const far = createConnection(path);
    await new Promise<void>((resolve, reject) => {
      far.once('connect', resolve);
      far.once('error', reject);
    });
    return { near: await accepted, far };
  } finally {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

class Output {
  readonly #onOutput: (text: string) => void;
  readonly #decoder = new StringDecoder('utf8');
  readonly #parts: Buffer[] = [];
  #kept = 0;
  bytes = 0;
  tail = '';

  constructor(onOutput: (text: string) => void) {
    this.#onOutput = onOutput;
  }

  add(chunk: Buffer): void {
    const room = MAX_KEPT_BYTES - this.#kept;
    if (room > 0) {
      // A copy: the chunk may be a small part of a large buffer.
      const part = Buffer.from(chunk.subarray(0, room));
      this.#parts.push(part);
      this.#kept += part.length;
    }
    this.bytes += chunk.length;
    this.#say(this.#decoder.write(chunk));
  }

  end(): Buffer {
    this.#say(this.#decoder.end());
    return Buffer.concat(this.#parts);
  }

  #say(text: string): void {
    if (text === '') return;
    this.tail = (this.tail + text).slice(-TAIL_CHARACTERS);
    this.#onOutput(text);
  }
}

/** Sends a signal to every process of a group. One that is gone, or that belongs to another user now (sudo), is left. */
function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // Nobody is there who could be told.
  }
}

/** Asks the group to end, ends it after a moment, and says after another one that it does not let itself be ended. Returns how to call that off. */
function endGroup(pid: number, onStaying: () => void): () => void {
  signalGroup(pid, 'SIGTERM');
  let timer = setTimeout(() => {
    signalGroup(pid, 'SIGKILL');
    timer = setTimeout(onStaying, GRACE_MS);
  }, GRACE_MS);
  return () => {
    clearTimeout(timer);
  };
}

/** Waits for the end of the output, a moment only: a process that has left the group may hold it open for ever. */
async function drained(closed: Promise<void>): Promise<void> {
  const patience = new AbortController();
  await Promise.race([closed, sleep(GRACE_MS, patience.signal).catch(() => undefined)]);
  patience.abort();
}

/** Why the process has to end before it wants to. */
function watchEnd(request: ProcessRequest, onEnd: (why: 'timeout' | 'killed') => void): () => void {
  const onAbort = (): void => {
    onEnd('killed');
  };
  const timer = setTimeout(() => {
    onEnd('timeout');
  }, request.timeoutMs);
  request.signal.addEventListener('abort', onAbort, { once: true });
  return () => {
    clearTimeout(timer);
    request.signal.removeEventListener('abort', onAbort);
  };
}

/**
 * Starts one program by its words, never through a shell, in a process group of its own, and waits for it. When it has ended, what it
 * has left in its group is killed too. Rejects only when the process could not be watched or `beforeStart` or `onStarted` rejects.
 */
export async function runProcess(request: ProcessRequest): Promise<ProcessResult> {
  const [program = '', ...words] = request.argv;
  request.signal.throwIfAborted();
  const { near, far } = await openChannel();
  const output = new Output(request.onOutput);
  near.on('data', (chunk: Buffer) => {
    output.add(chunk);
  });
  near.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => near.once('close', resolve));
  try {
    await request.beforeStart();
    request.signal.throwIfAborted();
  } catch (error) {
    near.destroy();
    far.destroy();
    throw error;
  }
  const child = spawn(program, words, { cwd: request.folder, env: request.env, detached: true, stdio: ['ignore', far, far] });
  far.destroy();
  const exited = Promise.withResolvers<Pick<ProcessResult, 'code' | 'notStarted' | 'mayStillRun'>>();
  child.once('error', (error) => {
    exited.resolve({ code: NOT_STARTED, notStarted: error.message, mayStillRun: false });
  });
  child.once('exit', (code, signal) => {
    exited.resolve({ code: code ?? SIGNAL_BASE + (signal === null ? 0 : constants.signals[signal]), notStarted: null, mayStillRun: false });
  });
  let ended: ProcessResult['ended'] = 'by-itself';
  const { pid } = child;
  let callOff = (): void => undefined;
  const unwatch = watchEnd(request, (why) => {
    if (ended !== 'by-itself' || pid === undefined) return;
    ended = why;
    callOff = endGroup(pid, () => {
      child.unref();
      exited.resolve({ code: SIGNAL_BASE + constants.signals.SIGKILL, notStarted: null, mayStillRun: true });
    });
  });
  try {
    if (pid !== undefined) await request.onStarted(identityOf(pid));
    const end = await exited.promise;
    // Whoever it has left behind in its group holds the output open.
    if (pid !== undefined) signalGroup(pid, 'SIGKILL');
    await drained(closed);
    const kept = output.end();
    const sha256 = createHash('sha256').update(kept).digest('hex');
    return { ...end, ended, kept, sha256, bytes: output.bytes, tail: output.tail };
  } catch (error) {
    if (pid !== undefined) signalGroup(pid, 'SIGKILL');
    throw error;
  } finally {
    unwatch();
    callOff();
    near.destroy();
  }
}
