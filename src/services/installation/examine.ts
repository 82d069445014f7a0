import { existsSync, readdirSync, statfsSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { isAbsolute, join } from 'node:path';
import { readConfig } from '../../core/config.ts';
import { asElulmcError } from '../../core/errors.ts';
import type { Home } from '../../core/home.ts';
import { readLock, holderLives } from '../../core/lock-file.ts';
import { openLogReader } from '../../ledger/reader.ts';
import { directorySource } from '../../ledger/verify/tile-source.ts';
import { openDatabase } from '../../store/database.ts';
import type { Database } from '../../store/database.ts';
import { serverFolder } from '../../store/embedded/server-package.ts';
import { selectStrandedWorkflows } from '../../store/run-rows.ts';
import { readKillSwitch } from '../posture/kill-switch-file.ts';
import { ENGINE_VERSION } from '../runs/engine-version.ts';
import { createWindowService } from '../windows/window-service.ts';
import { readEndpoints } from './endpoints.ts';

export type Verdict = 'ok' | 'note' | 'problem';

/** One thing that was looked at. */
export interface Examined {
  readonly what: string;
  readonly verdict: Verdict;
  /** What was found; for a problem also how to mend it. */
  readonly found: string;
}

const LOW_DISK_BYTES = 1024 ** 3;
const HEALTH_TIMEOUT_MS = 2_000;

function modeOf(path: string): number {
  return statSync(path).mode & 0o777;
}

function examineNode(): Examined {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const isNew = major > 24 || (major === 24 && minor >= 15);
  return {
    what: 'Node',
    verdict: isNew ? 'ok' : 'problem',
    found: isNew ? process.versions.node : `${process.versions.node} is too old; 24.15 or newer is needed`,
  };
}

function examineHome(home: Home): Examined {
  if (!existsSync(home.root)) return { what: 'home', verdict: 'note', found: `${home.root} does not exist yet; elulmc up makes it` };
  const mode = modeOf(home.root);
  if ((mode & 0o022) !== 0) return { what: 'home', verdict: 'problem', found: `${home.root} can be written by others: chmod 700 ${home.root}` };
  const { bavail, bsize } = statfsSync(home.root);
  const free = bavail * bsize;
  if (free < LOW_DISK_BYTES)
    return {
      what: 'home',
      verdict: 'problem',
      found: `${home.root}: only ${String(Math.floor(free / 1024 ** 2))} MiB are free; a full disk stops the gateway`,
    };
  return { what: 'home', verdict: 'ok', found: `${home.root}, ${String(Math.floor(free / 1024 ** 3))} GiB free` };
}

function examineKeys(home: Home): Examined {
  if (!existsSync(home.keys)) return { what: 'keys', verdict: 'note', found: 'none yet' };
  const files = readdirSync(home.keys).map((name) => join(home.keys, name));
  const open = files.filter((file) => (modeOf(file) & 0o077) !== 0);
  if (open.length > 0) return { what: 'keys', verdict: 'problem', found: `others can read ${open.join(', ')}: chmod 600, and replace what they may have read` };
  return { what: 'keys', verdict: 'ok', found: `${String(files.length)} files, readable by their owner only` };
}

async function examineConfig(home: Home, root: string): Promise<Examined> {
  try {
    const config = readConfig(home.config);
    createWindowService(config.windows);
    const missing = config.engines.map((engine) => (isAbsolute(engine.model) ? engine.model : join(root, engine.model))).filter((path) => !existsSync(path));
    if (missing.length > 0) return { what: 'configuration', verdict: 'problem', found: `model files are missing: ${missing.join(', ')}` };
    if (config.engines.length > 0 && !(await hasEngine()))
      return {
        what: 'configuration',
        verdict: 'problem',
        found: 'embedded engines need the package node-llama-cpp: npm install node-llama-cpp@3.21.1, or name your own model servers in config.yaml',
      };
    const source = existsSync(home.config) ? home.config : 'no config.yaml: the demo with two embedded models';
    return { what: 'configuration', verdict: 'ok', found: `${source}; ${String(config.routes.length)} routes` };
  } catch (error) {
    return { what: 'configuration', verdict: 'problem', found: asElulmcError(error).message };
  }
}

async function hasEngine(): Promise<boolean> {
  try {
    return (await Promise.resolve(import.meta.resolve('node-llama-cpp'))) !== '';
  } catch {
    return false;
  }
}

/** Runs that no control plane of this version goes on with. */
async function examineRuns(database: Database): Promise<Examined[]> {
  const stranded = await database.run((statements) => selectStrandedWorkflows(statements, ENGINE_VERSION));
  if (stranded.length === 0) return [];
  const found = `another version of elulmc began ${stranded.join(', ')} (RUN.ATTEMPT), and this one does not go on with them: let that version end them`;
  return [{ what: 'runs', verdict: 'problem', found }];
}

async function examineDatabase(home: Home, databaseUrl: string | undefined): Promise<Examined[]> {
  const url = databaseUrl ?? readEndpoints(home)?.databaseUrl;
  if (url === undefined) {
    try {
      return [{ what: 'database', verdict: 'ok', found: `embedded PostgreSQL, not running (${serverFolder()})` }];
    } catch (error) {
      return [{ what: 'database', verdict: 'problem', found: asElulmcError(error).message }];
    }
  }
  try {
    const database = await openDatabase(url, { poolSize: 1 });
    try {
      const found = databaseUrl === undefined ? 'embedded PostgreSQL answers' : 'DATABASE_URL answers';
      return [{ what: 'database', verdict: 'ok', found }, ...(await examineRuns(database))];
    } finally {
      await database.close();
    }
  } catch (error) {
    return [{ what: 'database', verdict: 'problem', found: asElulmcError(error).message }];
  }
}

function statusOf(url: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const call = request(url, { signal: AbortSignal.timeout(HEALTH_TIMEOUT_MS) }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    call.once('error', () => {
      resolve(undefined);
    });
    call.end();
  });
}

async function examineRunning(home: Home): Promise<Examined[]> {
  const lock = readLock(join(home.run, 'up.lock'));
  if (lock === undefined || !holderLives(lock)) return [{ what: 'installation', verdict: 'note', found: 'not running: elulmc up (npm start in a checkout)' }];
  const endpoints = readEndpoints(home);
  if (endpoints === undefined) return [{ what: 'installation', verdict: 'note', found: `process ${String(lock.pid)} is starting` }];
  const parts = [
    ['control plane', `${endpoints.controlUrl}/health`],
    ['gateway', `${endpoints.gatewayUrl.replace(/\/v1$/, '')}/health`],
  ] as const;
  return Promise.all(
    parts.map(async ([what, url]): Promise<Examined> => {
      const status = await statusOf(url);
      if (status === 200) return { what, verdict: 'ok', found: url };
      const found = status === undefined ? `${url} does not answer` : `${url} answers ${String(status)}`;
      return { what, verdict: 'problem', found: `${found}; its log is in ${join(home.run, 'log')}` };
    }),
  );
}

async function examineLogs(home: Home): Promise<Examined[]> {
  if (!existsSync(home.ledger)) return [];
  const names = readdirSync(home.ledger, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return Promise.all(
    names.map(async ({ name }): Promise<Examined> => {
      try {
        const reader = await openLogReader(directorySource(join(home.ledger, name)));
        return { what: `log ${name}`, verdict: 'ok', found: `${String(reader.size)} entries under a valid checkpoint` };
      } catch (error) {
        return { what: `log ${name}`, verdict: 'problem', found: `${asElulmcError(error).message}; elulmc audits verify-log --log ${name} names the place` };
      }
    }),
  );
}

function examineKillSwitch(home: Home): Examined {
  const present = readKillSwitch(home.killswitch);
  if (present === undefined) return { what: 'kill switch', verdict: 'ok', found: 'not set' };
  return {
    what: 'kill switch',
    verdict: 'note',
    found: `set by ${present.author} at ${present.at} (${present.reason}); lift it: elulmc deployment resume-operations --kill-switch`,
  };
}

/** Looks at everything that an installation needs, changes nothing, and needs nothing to run. */
export async function examineInstallation(home: Home, root: string, databaseUrl: string | undefined): Promise<Examined[]> {
  return [
    examineNode(),
    examineHome(home),
    examineKeys(home),
    await examineConfig(home, root),
    ...(await examineDatabase(home, databaseUrl)),
    ...(await examineRunning(home)),
    ...(await examineLogs(home)),
    examineKillSwitch(home),
  ];
}
