import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { closeSync, fdatasyncSync, fstatSync, linkSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { syncFolder } from '../core/atomic-file.ts';
import { ElulmcError } from '../core/errors.ts';

/** Reads an Ed25519 private key (PKCS#8 PEM) of mode 0600. Undefined when there is no file. Throws KEY_FILE_UNSAFE. */
export function readKeyFile(path: string): KeyObject | undefined {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const stat = fstatSync(fd);
    const mode = stat.mode & 0o777;
    if (!stat.isFile() || (mode & 0o077) !== 0)
      throw new ElulmcError('KEY_FILE_UNSAFE', `${path} has mode ${mode.toString(8).padStart(4, '0')} instead of 0600`);
    return parseKey(path, readFileSync(fd));
  } finally {
    closeSync(fd);
  }
}

function parseKey(path: string, pem: Buffer): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    // The cause is not attached: nothing of a key file may reach a log.
    throw new ElulmcError('KEY_FILE_UNSAFE', `${path} does not hold a private key in PEM`);
  }
  if (key.asymmetricKeyType !== 'ed25519') throw new ElulmcError('KEY_FILE_UNSAFE', `${path} holds a key that is not Ed25519`);
  return key;
}

/** Makes a key, durable before anything is signed with it. When another process makes the file first, its key is taken. */
export function createKeyFile(path: string): KeyObject {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const { privateKey } = generateKeyPairSync('ed25519');
  const temporary = `${path}.${String(process.pid)}.tmp`;
  rmSync(temporary, { force: true });
  try {
    writeDurably(temporary, privateKey.export({ format: 'pem', type: 'pkcs8' }).toString());
    linkSync(temporary, path);
  } catch (error) {
    const existing = (error as NodeJS.ErrnoException).code === 'EEXIST' ? readKeyFile(path) : undefined;
    if (existing === undefined) throw error;
    return existing;
  } finally {
    rmSync(temporary, { force: true });
  }
  syncFolder(dirname(path));
  return privateKey;
}

function writeDurably(path: string, text: string): void {
  const fd = openSync(path, 'wx', 0o600);
  try {
    writeSync(fd, text);
    fdatasyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
