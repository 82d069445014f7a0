import { createHash } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ElulmcError } from '../../core/errors.ts';
import { serverEnvironment } from './postmaster.ts';
import type { ProcessRunner } from './process-runner.ts';

export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** How the server's programs must be started on this host. */
export interface Privilege {
  /** Words before the program. */
  readonly prefix: readonly string[];
  /** Account that the programs run as; undefined for this process's own. */
  readonly user: Account | undefined;
}

/** Where server and data of root go when only another account may run them: no folder of mode 0700 may stand above. */
const SHARED_STATE = '/var/lib/elulmc';

/** An account that exists (initdb looks its name up) and is not root; `nobody` where there is one. */
function unprivilegedAccount(): Account | undefined {
  let lines: string[];
  try {
    lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  } catch {
    return undefined;
  }
  const accounts = lines
    .map((line) => line.split(':'))
    .map(([name, , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }))
    .filter(({ uid, gid }) => uid > 0 && Number.isInteger(gid));
  return accounts.find(({ name }) => name === 'nobody') ?? accounts[0];
}

/**
 * PostgreSQL refuses to run as root. A user namespace that shows root as another account is enough and needs no
 * second account on disk; where namespaces are forbidden the programs run as an unprivileged account.
 */
export async function findPrivilege(dataDirectory: string, runner: ProcessRunner): Promise<Privilege> {
  if (process.getuid?.() !== 0) return { prefix: [], user: undefined };
  const account = unprivilegedAccount();
  if (account === undefined)
    throw new ElulmcError(
      'START_FAILED',
      'PostgreSQL does not run as root and /etc/passwd names no other account: start as an ordinary user or set DATABASE_URL',
    );
  const owner = existsSync(dataDirectory) ? statSync(dataDirectory) : undefined;
  if (owner !== undefined && owner.uid !== 0) return { prefix: [], user: { uid: owner.uid, gid: owner.gid } };
  const prefix = ['unshare', '--user', `--map-user=${String(account.uid)}`, `--map-group=${String(account.gid)}`, '--'];
  const probe = await runner.run([...prefix, 'true'], { env: serverEnvironment(), timeoutMs: 10_000 });
  if (probe.code === 0) return { prefix, user: undefined };
  if (owner !== undefined)
    throw new ElulmcError(
      'START_FAILED',
      `PostgreSQL does not run as root, user namespaces are forbidden here (${probe.stderr.trim()}), and ${dataDirectory} belongs to root: start as an ordinary user or set DATABASE_URL`,
    );
  return { prefix: [], user: account };
}

/** Folder for what another account must reach, the same for the same data directory at every start. */
export function sharedStateFolder(dataDirectory: string): string {
  return join(SHARED_STATE, createHash('sha256').update(dataDirectory).digest('hex').slice(0, 16));
}

/** Makes a folder that `user` owns and can reach, whatever the umask. */
export function makeReachable(folder: string, user: Account): void {
  for (const path of [SHARED_STATE, dirname(folder), folder]) {
    mkdirSync(path, { recursive: true });
    chmodSync(path, 0o755);
  }
  chmodSync(folder, 0o700);
  chownSync(folder, user.uid, user.gid);
}
