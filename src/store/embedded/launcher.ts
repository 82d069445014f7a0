import { existsSync, mkdirSync, readFileSync, realpathSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { monotonicMs, sleep } from '../../core/clock.ts';
import { ElulmcError } from '../../core/errors.ts';
import { connectOnce } from '../connection.ts';
import { DATABASE_USER, prepareCluster, readPassword, runOptions } from './cluster.ts';
import type { Cluster } from './cluster.ts';
import { withDataLock } from './data-lock.ts';
import { disownStranger, processLives, readPostmaster, serverLives } from './postmaster.ts';
import type { ProcessRunner } from './process-runner.ts';

const START_LIMIT_MS = 60_000;
const LOCK_LIMIT_MS = 180_000;
const STOP_LIMIT_MS = 60_000;
const POLL_MS = 25;
/** A start can fail for a moment: the free port was taken meanwhile, or backends of a killed server still end. */
const START_ATTEMPTS = 5;
const ATTEMPT_PAUSE_MS = 300;
const DATABASE_NAME = 'elulmc';

export interface EmbeddedOptions {
  readonly dataDirectory: string;
  /** Mode 0600; made at the first start. */
  readonly passwordFile: string;
  /** What the server prints is appended here. */
  readonly logFile: string;
  readonly runner: ProcessRunner;
}

export interface EmbeddedServer {
  /** Carries the password: never log it. */
  readonly url: string;
  readonly pid: number;
  /** True when the server ran already. */
  readonly attached: boolean;
}

interface Running {
  readonly pid: number;
  readonly port: number;
}

function urlOf(port: number, password: string, database: string): string {
  return `postgres://${DATABASE_USER}:${encodeURIComponent(password)}@127.0.0.1:${String(port)}/${database}`;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done, failed) => server.once('error', failed).listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

function lastLines(logFile: string): string {
  try {
    return readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-3).join(' | ');
  } catch {
    return 'it left no log';
  }
}

/** The server that runs on this data directory, once it is ready; undefined when none runs (any more). */
async function findRunning(dataDirectory: string, runner: ProcessRunner, deadline: number): Promise<Running | undefined> {
  for (;;) {
    const postmaster = readPostmaster(dataDirectory);
    if (postmaster === undefined) return undefined;
    if (!(await serverLives(postmaster, dataDirectory, runner))) {
      if (processLives(postmaster.pid)) disownStranger(dataDirectory);
      return undefined;
    }
    if (postmaster.ready) return postmaster;
    if (monotonicMs() > deadline)
      throw new ElulmcError('START_FAILED', `the PostgreSQL server ${String(postmaster.pid)} on ${dataDirectory} does not become ready`);
    await sleep(POLL_MS);
  }
}

/** Connects, makes sure that it is the server of this data directory, and makes the database where it is missing. */
async function verify(running: Running, dataDirectory: string, password: string): Promise<void> {
  const client = await connectOnce(urlOf(running.port, password, 'postgres'), 10_000);
  try {
    const shown = await client.query<{ data_directory: string }>('show data_directory');
    const actual = shown.rows[0]?.data_directory;
    if (actual !== dataDirectory)
      throw new ElulmcError('START_FAILED', `port ${String(running.port)} answers for ${actual ?? 'no data directory'} instead of ${dataDirectory}`);
    const found = await client.query('select from pg_database where datname = $1', [DATABASE_NAME]);
    if (found.rowCount === 0) await client.query(`create database ${DATABASE_NAME}`);
  } finally {
    await client.end();
  }
}

/** One attempt: starts the server and waits until it is ready. Undefined when it ended before. */
async function launch(cluster: Cluster, logFile: string, runner: ProcessRunner, deadline: number): Promise<Running | undefined> {
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'max_connections=100'].flatMap((setting) => ['-c', setting]);
  const program = join(cluster.programs, 'postgres');
  const argv = [...cluster.privilege.prefix, program, '-D', cluster.dataDirectory, '-p', String(await freePort()), ...settings];
  const child = runner.detach(argv, { ...runOptions(cluster.privilege), logFile });
  const end = { reached: false };
  void child.failed.then(() => {
    end.reached = true;
  });
  for (;;) {
    const postmaster = readPostmaster(cluster.dataDirectory);
    if (postmaster?.pid === child.pid && postmaster.ready) return postmaster;
    if (end.reached) return undefined;
    // The server goes on: a long crash recovery ends, and a later start attaches to it.
    if (monotonicMs() > deadline)
      throw new ElulmcError('START_FAILED', `PostgreSQL is not ready after ${String(START_LIMIT_MS / 1000)} s: ${lastLines(logFile)}`);
    await sleep(POLL_MS);
  }
}

async function start(cluster: Cluster, logFile: string, runner: ProcessRunner): Promise<Running> {
  const deadline = monotonicMs() + START_LIMIT_MS;
  for (let attempt = 1; attempt <= START_ATTEMPTS; attempt++) {
    const running = await launch(cluster, logFile, runner, deadline);
    if (running !== undefined) return running;
    await sleep(ATTEMPT_PAUSE_MS);
  }
  throw new ElulmcError('START_FAILED', `PostgreSQL ended at its start; ${logFile} says: ${lastLines(logFile)}`);
}

/**
 * Attaches to the server of `dataDirectory`, or makes the cluster and starts it. The server outlives this process; the next call, from any
 * process, attaches to it. START_FAILED with the reason when there is no way; KEY_FILE_UNSAFE for a readable password.
 */
export async function startEmbeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const { runner, passwordFile, logFile } = options;
  const dataDirectory = resolve(options.dataDirectory);
  mkdirSync(dirname(dataDirectory), { recursive: true, mode: 0o700 });
  mkdirSync(dirname(logFile), { recursive: true, mode: 0o700 });
  return await withDataLock(`${dataDirectory}.lock`, LOCK_LIMIT_MS, async () => {
    const exists = existsSync(join(dataDirectory, 'PG_VERSION'));
    const password = readPassword(passwordFile, !exists);
    const found = exists ? await findRunning(realpathSync(dataDirectory), runner, monotonicMs() + START_LIMIT_MS) : undefined;
    if (found !== undefined) {
      await verify(found, realpathSync(dataDirectory), password);
      return { url: urlOf(found.port, password, DATABASE_NAME), pid: found.pid, attached: true };
    }
    const cluster = await prepareCluster(dataDirectory, passwordFile, runner);
    const started = await start(cluster, logFile, runner);
    await verify(started, cluster.dataDirectory, password);
    return { url: urlOf(started.port, password, DATABASE_NAME), pid: started.pid, attached: false };
  });
}

/** Stops the server of `dataDirectory` (fast shutdown: clients are disconnected, nothing is lost) and waits until it is gone. */
export async function stopEmbeddedPostgres(dataDirectory: string, runner: ProcessRunner): Promise<void> {
  const path = resolve(dataDirectory);
  if (!existsSync(path)) return;
  await withDataLock(`${path}.lock`, LOCK_LIMIT_MS, async () => {
    const actual = realpathSync(path);
    const postmaster = readPostmaster(actual);
    if (postmaster === undefined || !(await serverLives(postmaster, actual, runner))) return;
    process.kill(postmaster.pid, 'SIGINT');
    const deadline = monotonicMs() + STOP_LIMIT_MS;
    while (await serverLives(postmaster, actual, runner)) {
      if (monotonicMs() > deadline) throw new ElulmcError('OPERATION_FAILED', `PostgreSQL ${String(postmaster.pid)} does not stop`);
      await sleep(POLL_MS);
    }
  });
}
