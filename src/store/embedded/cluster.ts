import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, readFileSync, readdirSync, realpathSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { replaceFile, syncFolder } from '../../core/atomic-file.ts';
import { ElulmcError } from '../../core/errors.ts';
import { serverEnvironment } from './postmaster.ts';
import { findPrivilege, makeReachable, sharedStateFolder } from './privilege.ts';
import type { Privilege } from './privilege.ts';
import type { ProcessRunner, RunOptions } from './process-runner.ts';
import { copyServer, hydrateLinks, serverFolder } from './server-package.ts';

/** The superuser that initdb makes; the only role of an embedded server. */
export const DATABASE_USER = 'elulmc';
const INITDB_LIMIT_MS = 120_000;

/** A data directory and how to run programs on it. */
export interface Cluster {
  /** Absolute, without links. */
  readonly dataDirectory: string;
  /** Folder of initdb and postgres. */
  readonly programs: string;
  readonly privilege: Privilege;
}

export function runOptions(privilege: Privilege): RunOptions {
  return { env: serverEnvironment(), ...(privilege.user === undefined ? {} : { user: privilege.user }) };
}

/** Reads the password, making it first for a new cluster. KEY_FILE_UNSAFE when others can read the file. */
export function readPassword(passwordFile: string, mayCreate: boolean): string {
  if (!existsSync(passwordFile)) {
    if (!mayCreate) throw new ElulmcError('START_FAILED', `${passwordFile} with the password of the embedded PostgreSQL is missing; put it back from a backup`);
    mkdirSync(dirname(passwordFile), { recursive: true, mode: 0o700 });
    replaceFile(passwordFile, randomBytes(32).toString('base64url'));
  }
  const mode = statSync(passwordFile).mode & 0o777;
  if ((mode & 0o077) !== 0) throw new ElulmcError('KEY_FILE_UNSAFE', `${passwordFile} has mode ${mode.toString(8)}: others can read it; chmod 600 it`);
  return readFileSync(passwordFile, 'utf8').trim();
}

async function locatePrograms(dataDirectory: string, privilege: Privilege, runner: ProcessRunner): Promise<string> {
  const native = serverFolder();
  if (privilege.user !== undefined) {
    const copy = copyServer(native, join(sharedStateFolder(dataDirectory), 'server'));
    const owner = `${String(privilege.user.uid)}:${String(privilege.user.gid)}`;
    const { code, stderr } = await runner.run(['chown', '-R', owner, dirname(copy)], { env: serverEnvironment(), timeoutMs: 60_000 });
    if (code !== 0) throw new ElulmcError('START_FAILED', `the embedded PostgreSQL cannot be given to uid ${String(privilege.user.uid)}: ${stderr.trim()}`);
    return join(copy, 'bin');
  }
  return join(hydrateLinks(native) ? native : copyServer(native, `${dataDirectory}.server`), 'bin');
}

async function initialize(target: string, passwordFile: string, programs: string, privilege: Privilege, runner: ProcessRunner): Promise<void> {
  const unfinished = `${target}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  const passwordCopy = `${target}.password`;
  try {
    writeFileSync(passwordCopy, readFileSync(passwordFile), { mode: 0o600 });
    if (privilege.user !== undefined) chownSync(passwordCopy, privilege.user.uid, privilege.user.gid);
    const settings = ['--auth=scram-sha-256', `--pwfile=${passwordCopy}`, '-E', 'UTF8', '--locale=C', '--data-checksums'];
    const argv = [...privilege.prefix, join(programs, 'initdb'), '-D', unfinished, '-U', DATABASE_USER, ...settings];
    const { code, stderr } = await runner.run(argv, { ...runOptions(privilege), timeoutMs: INITDB_LIMIT_MS });
    if (code !== 0) throw new ElulmcError('START_FAILED', `initdb of the embedded PostgreSQL failed (code ${String(code)}): ${stderr.trim()}`);
    renameSync(unfinished, target);
    syncFolder(dirname(target));
  } finally {
    rmSync(passwordCopy, { force: true });
    rmSync(unfinished, { recursive: true, force: true });
  }
}

/**
 * Finds the cluster at `dataDirectory`, made at the first call: an initdb that broke off leaves nothing behind. Where only
 * another account may run the server, the data lies under /var/lib and `dataDirectory` is a link to it.
 */
export async function prepareCluster(dataDirectory: string, passwordFile: string, runner: ProcessRunner): Promise<Cluster> {
  const privilege = await findPrivilege(dataDirectory, runner);
  const programs = await locatePrograms(dataDirectory, privilege, runner);
  if (existsSync(join(dataDirectory, 'PG_VERSION'))) return { dataDirectory: realpathSync(dataDirectory), programs, privilege };
  if (existsSync(dataDirectory) && readdirSync(dataDirectory).length > 0)
    throw new ElulmcError('START_FAILED', `${dataDirectory} holds files that are not a PostgreSQL data directory: move them away`);
  if (privilege.user === undefined) {
    await initialize(dataDirectory, passwordFile, programs, privilege, runner);
    return { dataDirectory: realpathSync(dataDirectory), programs, privilege };
  }
  const folder = join(sharedStateFolder(dataDirectory), 'owned');
  makeReachable(folder, privilege.user);
  const target = join(folder, 'data');
  if (!existsSync(target)) await initialize(target, passwordFile, programs, privilege, runner);
  rmSync(dataDirectory, { recursive: true, force: true });
  symlinkSync(target, dataDirectory);
  return { dataDirectory: realpathSync(dataDirectory), programs, privilege };
}
