import { readFileSync, statSync } from 'node:fs';
import { replaceFile } from '../core/atomic-file.ts';
import { ElulmcError } from '../core/errors.ts';
import type { Home } from '../core/home.ts';
import { asRecord } from '../core/json.ts';

/** Who signed in on this machine: `identity.json`, mode 0600. */
export interface Identity {
  readonly v: 1;
  readonly installationId: string;
  /** Where the person signed in; their token goes to no other server. */
  readonly controlUrl: string;
  readonly personId: string;
  readonly name: string;
  readonly role: string;
  /** Bearer token `elp_...`. */
  readonly token: string;
  /** Path of the Ed25519 private key. */
  readonly keyFile: string;
  readonly signedInAt: string;
}

const TEXTS = ['installationId', 'controlUrl', 'personId', 'name', 'role', 'token', 'keyFile', 'signedInAt'] as const;

/** Undefined when nobody signed in. KEY_FILE_UNSAFE when others may read the file or it is damaged. */
export function readIdentity(home: Home): Identity | undefined {
  let text: string;
  try {
    const mode = statSync(home.identity).mode & 0o777;
    if ((mode & 0o077) !== 0) throw new ElulmcError('KEY_FILE_UNSAFE', `${home.identity} has mode ${mode.toString(8)}; it must be 600`);
    text = readFileSync(home.identity, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  let record: Record<string, unknown> | undefined;
  try {
    record = asRecord(JSON.parse(text));
  } catch {
    record = undefined;
  }
  if (record === undefined || TEXTS.some((name) => typeof record[name] !== 'string')) {
    throw new ElulmcError('KEY_FILE_UNSAFE', `${home.identity} is damaged; remove it and sign in again`);
  }
  return record as unknown as Identity;
}

export function writeIdentity(home: Home, identity: Identity): void {
  replaceFile(home.identity, `${JSON.stringify(identity, undefined, 2)}\n`);
}
