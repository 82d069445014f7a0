import { randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { createKeyFile, readKeyFile } from '../core/ed25519-file.ts';
import { ElulmcError } from '../core/errors.ts';
import { createPrivateFile, readPrivateFile } from '../core/private-file.ts';

/** Ed25519 private key in PKCS#8 PEM, mode 0600; made at the first call. KEY_FILE_UNSAFE when it is readable by others or damaged. */
export function loadOrCreateEd25519(path: string): KeyObject {
  return readKeyFile(path) ?? createKeyFile(path);
}

/** `length` random bytes kept as base64 in a file of mode 0600; made at the first call. KEY_FILE_UNSAFE as above. */
export function loadOrCreateSecret(path: string, length: number): Buffer {
  const text = (readPrivateFile(path) ?? createPrivateFile(path, `${randomBytes(length).toString('base64')}\n`)).toString('latin1').trim();
  const secret = Buffer.from(text, 'base64');
  if (secret.length !== length || secret.toString('base64') !== text)
    throw new ElulmcError('KEY_FILE_UNSAFE', `${path} is damaged: it does not hold ${String(length)} bytes in base64`);
  return secret;
}
