import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { ElulmcError } from './errors.ts';
import { createPrivateFile, readPrivateFile } from './private-file.ts';

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

/** Reads an Ed25519 private key (PKCS#8 PEM, mode 0600). Undefined when there is no file. Throws KEY_FILE_UNSAFE. */
export function readKeyFile(path: string): KeyObject | undefined {
  const pem = readPrivateFile(path);
  return pem === undefined ? undefined : parseKey(path, pem);
}

/** Makes a key, durable before anything is signed with it. When another process makes the file first, its key is taken. */
export function createKeyFile(path: string): KeyObject {
  const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
  return parseKey(path, createPrivateFile(path, Buffer.from(pem)));
}
