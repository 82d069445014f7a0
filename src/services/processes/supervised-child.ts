import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { monotonicMs } from '../../core/clock.ts';
import { ElulmcError } from '../../core/errors.ts';
import { asRecord } from '../../core/json.ts';

const MAX_LOG_BYTES = 16 * 1024 * 1024;
const STABLE_MS = 30_000;
const MAX_BACKOFF_MS = 5_000;

export interface ChildSpecification {
  /** Shown in messages; also the name of the log file. */
  readonly name: string;
  /** JavaScript or TypeScript file that the child runs. */
  readonly entry: string;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly logFile: string;
  /** First message to the child: its options. Secrets travel here, never in argv. Asked for at every (re)start. */
  readonly start: () => unknown;
  readonly readyTimeoutMs: number;
}

export interface SupervisedChild {
  readonly name: string;
  /** What the child said when it was ready last. */
  ready(): Readonly<Record<string, unknown>>;
  pid(): number | undefined;
  send(message: unknown): void;
  /** Closes the child's channel, which asks it to stop; SIGTERM after `graceMs`, SIGKILL after twice that. */
  stop(graceMs: number): Promise<void>;
}

export interface SupervisorEvents {
  /** The child ended and is being started again. */
  readonly onRestart: (name: string, reason: string) => void;
  /** The child is ready again after a restart. */
  readonly onReady: (name: string, ready: Readonly<Record<string, unknown>>) => void;
}

function openLog(path: string): number {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  try {
    if (statSync(path).size > MAX_LOG_BYTES) renameSync(path, `${path}.1`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return openSync(path, 'a', 0o600);
}

/** The last lines of a log, for the sentence that says why something did not start. */
function logTail(path: string, lines = 8): string {
  try {
    return readFileSync(path, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  } catch {
    return '';
  }
}

function launch(specification: ChildSpecification): ChildProcess {
  const log = openLog(specification.logFile);
  try {
    const child = fork(specification.entry, [...specification.argv], { stdio: ['ignore', log, log, 'ipc'], env: specification.env, execArgv: [] });
    child.send({ type: 'start', options: specification.start() }, () => undefined);
    return child;
  } finally {
    closeSync(log);
  }
}

/** START_FAILED with the child's own words when it ends or stays silent before it is ready. */
function awaitReady(child: ChildProcess, specification: ChildSpecification): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const fail = (reason: string): void => {
      cleanUp();
      const tail = logTail(specification.logFile);
      reject(new ElulmcError('START_FAILED', `${specification.name} ${reason}; see ${specification.logFile}${tail === '' ? '' : `\n${tail}`}`));
    };
    const timer = setTimeout(() => {
      fail(`was not ready after ${String(specification.readyTimeoutMs / 1000)} s`);
      child.kill('SIGKILL');
    }, specification.readyTimeoutMs);
    const onMessage = (message: unknown): void => {
      const record = asRecord(message);
      if (record?.['type'] === 'failed') {
        cleanUp();
        const code = record['code'] as ElulmcError['code'];
        reject(new ElulmcError(code, String(record['detail'])));
      }
      if (record?.['type'] !== 'ready') return;
      cleanUp();
      resolve(record);
    };
    const onExit = (code: number | null, signal: string | null): void => {
      fail(`ended with ${code === null ? String(signal) : `code ${String(code)}`} before it was ready`);
    };
    const onError = (error: Error): void => {
      fail(`could not be started: ${error.message}`);
    };
    function cleanUp(): void {
      clearTimeout(timer);
      child.off('message', onMessage);
      child.off('exit', onExit);
      child.off('error', onError);
      child.on('error', () => undefined);
    }
    child.on('message', onMessage);
    child.once('exit', onExit);
    child.once('error', onError);
  });
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

async function end(child: ChildProcess, graceMs: number): Promise<void> {
  if (hasEnded(child)) return;
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => {
      resolve();
    });
  });
  if (child.connected) child.disconnect();
  const terminate = setTimeout(() => child.kill('SIGTERM'), graceMs);
  const kill = setTimeout(() => child.kill('SIGKILL'), graceMs * 2);
  await exited;
  clearTimeout(terminate);
  clearTimeout(kill);
}

/**
 * Starts a child of ours, waits until it is ready and keeps it running: one that ends is started again, at once the
 * first time and with a growing pause (at most 5 s) while it keeps ending. START_FAILED when the first start fails.
 */
export async function supervise(specification: ChildSpecification, events: SupervisorEvents): Promise<SupervisedChild> {
  let stopping = false;
  let failures = 0;
  let child = launch(specification);
  let ready = await awaitReady(child, specification);

  const watch = (): void => {
    const since = monotonicMs();
    child.once('exit', (code, signal) => {
      if (stopping) return;
      failures = monotonicMs() - since > STABLE_MS ? 1 : failures + 1;
      events.onRestart(specification.name, code === null ? String(signal) : `code ${String(code)}`);
      setTimeout(() => void restart(), failures === 1 ? 0 : Math.min(MAX_BACKOFF_MS, 100 * 2 ** failures));
    });
  };
  const restart = async (): Promise<void> => {
    if (stopping) return;
    child = launch(specification);
    try {
      ready = await awaitReady(child, specification);
    } catch (error) {
      failures += 1;
      events.onRestart(specification.name, error instanceof Error ? error.message : String(error));
      await end(child, 0);
      setTimeout(() => void restart(), Math.min(MAX_BACKOFF_MS, 100 * 2 ** failures));
      return;
    }
    watch();
    events.onReady(specification.name, ready);
  };
  watch();

  return {
    name: specification.name,
    ready: () => ready,
    pid: () => child.pid,
    send: (message) => {
      if (child.connected) child.send(message as object, () => undefined);
    },
    stop: async (graceMs) => {
      stopping = true;
      await end(child, graceMs);
    },
  };
}
