import { createPrivateKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { chmodSync, linkSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { replaceFile, syncFolder } from '../core/atomic-file.ts';
import { ElulmcError } from '../core/errors.ts';
import { newId } from '../core/ids.ts';

/** Reads a secret file of ours. KEY_FILE_UNSAFE when anybody but its owner may read it or its folder is open to others. */
function readPrivate(path: string): Buffer | undefined {
  let mode: number;
  try {
    mode = statSync(path).mode & 0o777;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  if ((mode & 0o077) !== 0) throw new ElulmcError('KEY_FILE_UNSAFE', `${path} has mode ${mode.toString(8).padStart(3, '0')}; it must be 600`);
  const folderMode = statSync(dirname(path)).mode & 0o777;
  if ((folderMode & 0o022) !== 0)
    throw new ElulmcError('KEY_FILE_UNSAFE', `${dirname(path)} has mode ${folderMode.toString(8)}; others can replace keys in it`);
  return readFileSync(path);
}

/**
 * Creates the file only if it does not exist, whole or not at all: two processes that start together end with one key.
 * Returns what is in the file afterwards.
 */
function createPrivate(path: string, make: () => Buffer): Buffer {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${newId('key')}`;
  replaceFile(draft, make(), 0o600);
  chmodSync(draft, 0o600);
  try {
    linkSync(draft, path);
    syncFolder(dirname(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  const bytes = readPrivate(path);
  if (bytes === undefined) throw new ElulmcError('KEY_FILE_UNSAFE', `${path} vanished while it was being made`);
  return bytes;
}

/** Ed25519 private key in PKCS#8 PEM, mode 0600; made at the first call. KEY_FILE_UNSAFE when it is readable by others or damaged. */
export function loadOrCreateEd25519(path: string): KeyObject {
  const bytes = readPrivate(path) ?? createPrivate(path, () => Buffer.from(generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' })));
  let key: KeyObject;
  try {
    key = createPrivateKey(bytes);
  } catch (error) {
    throw new ElulmcError('KEY_FILE_UNSAFE', `${path} does not hold a private key in PEM`, { cause: error });
  }
  if (key.asymmetricKeyType !== 'ed25519')
    throw new ElulmcError('KEY_FILE_UNSAFE', `${path} holds a key of type ${String(key.asymmetricKeyType)}; Ed25519 is needed`);
  return key;
}

/** `length` random bytes kept as base64 in a file of mode 0600; made at the first call. */
export function loadOrCreateSecret(path: string, length: number): Buffer {
  const text = (readPrivate(path) ?? createPrivate(path, () => Buffer.from(randomBytes(length).toString('base64') + '\n'))).toString('latin1').trim();
  const secret = Buffer.from(text, 'base64');
  if (secret.length !== length || secret.toString('base64') !== text)
    throw new ElulmcError('KEY_FILE_UNSAFE', `${path} is damaged: it does not hold ${String(length)} bytes in base64`);
  return secret;
}
