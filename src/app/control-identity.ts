import { createHash, createPublicKey } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readKeyFile } from '../core/ed25519-file.ts';
import { ElulmcError } from '../core/errors.ts';
import type { Home } from '../core/home.ts';
import { formatVerifierKey, signerKey } from '../ledger/verify/note-key.ts';
import type { Database } from '../store/database.ts';
import { readInstallationId } from '../store/leader-rows.ts';
import type { LeaderIdentity, LeaderRow } from '../store/leader-rows.ts';
import { findLogHead } from '../store/log-head-rows.ts';
import { loadOrCreateEd25519, loadOrCreateSecret } from '../vault/key-file.ts';
import { keyFilesOf, SUBJECT_KEY_BYTES } from './key-files.ts';

/** Folder and key file of the control log, whatever the log is called. */
const FOLDER = 'control';
/** `control.name` where nothing is configured. */
const ONLY_ONE = 'local';

export interface ControlLogPlace {
  /** How the log is called everywhere but in its own home: tells the logs of several control planes apart. */
  readonly name: string;
  readonly directory: string;
  readonly keyFile: string;
}

export function controlLogPlace(home: Home, controlName: string): ControlLogPlace {
  const name = controlName === ONLY_ONE ? FOLDER : `${FOLDER}-${controlName}`;
  return { name, directory: join(home.ledger, FOLDER), keyFile: keyFilesOf(home).ledger(FOLDER) };
}

/** What this control plane would lead as. Makes the keys at the first call. */
export function identityOf(home: Home, name: string): LeaderIdentity {
  const keys = keyFilesOf(home);
  return {
    name,
    sessionKey: createPublicKey(loadOrCreateEd25519(keys.session)).export({ type: 'spki', format: 'der' }).toString('base64'),
    subjectKey: createHash('sha256').update(loadOrCreateSecret(keys.subject, SUBJECT_KEY_BYTES)).digest('hex'),
  };
}

/** Keys that every home of an installation must have: with others, all sessions would be void and sealed fields lost. CONFIG_INVALID. */
export function demandSharedKeys(home: Home, name: string, leader: LeaderRow | undefined): void {
  // A home may replace its own keys: the guide says what that means.
  if (leader === undefined || leader.name === null || leader.name === name) return;
  const { session, subject } = keyFilesOf(home);
  const missing = [session, subject].filter((file) => !existsSync(file));
  const own = missing.length === 0 ? identityOf(home, name) : undefined;
  const other = own === undefined ? missing : [own.sessionKey === leader.sessionKey ? '' : session, own.subjectKey === leader.subjectKey ? '' : subject];
  const files = other.filter((file) => file !== '');
  if (files.length === 0) return;
  throw new ElulmcError(
    'CONFIG_INVALID',
    `the control plane "${leader.name}" has led this installation with other keys: copy ${files.join(' and ')} from its home, mode 0600`,
    { field: 'keys' },
  );
}

/** Whose log is in the folder of this home, by the origin in its key file; undefined when there is none. */
function storedOrigin(directory: string): string | undefined {
  const file = join(directory, 'vkey');
  return existsSync(file) ? readFileSync(file, 'utf8').split('+')[0] : undefined;
}

/**
 * Refuses a name under which somebody else writes. CONFIG_INVALID that names `control.name`; a log of our own that was rolled back
 * is none of this, and openControlLog finds it.
 */
export async function demandOwnName(database: Database, home: Home, controlName: string): Promise<void> {
  const installationId = await readInstallationId(database);
  if (installationId === undefined) return;
  const { name, directory, keyFile } = controlLogPlace(home, controlName);
  const refuse = (sentence: string): never => {
    throw new ElulmcError('CONFIG_INVALID', `control.name: ${sentence}`, { field: 'control.name' });
  };
  const origin = `${installationId}/${name}`;
  const stored = storedOrigin(directory);
  if (stored !== undefined && stored !== origin)
    refuse(
      `${directory} holds the log ${stored}, and the name ${JSON.stringify(controlName)} makes it ${origin}: set the name back, or move the folder and its key away`,
    );
  const head = await findLogHead(database, name);
  if (head === undefined) return;
  const key = readKeyFile(keyFile);
  if (key !== undefined && formatVerifierKey(signerKey(origin, 1, key)) === head.vkey) return;
  refuse(
    `another home writes the log ${name} of this installation: give this control plane another name in config.yaml, or put ${keyFile} and ${directory} back if they were this one's`,
  );
}
