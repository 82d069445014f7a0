import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createKeyFile, readKeyFile } from '../../src/core/ed25519-file.ts';
import { temporaryFolder } from '../ledger/support.ts';

test('no file is no key', () => {
  expect(readKeyFile(join(temporaryFolder(), 'key.pem'))).toBeUndefined();
});

test('a folder is not a key file', () => {
  const path = join(temporaryFolder(), 'key.pem');
  mkdirSync(path, { mode: 0o700 });
  expect(() => readKeyFile(path)).toThrow(expect.objectContaining({ code: 'KEY_FILE_UNSAFE' }) as Error);
});

test('a key of another kind is refused', () => {
  const path = join(temporaryFolder(), 'key.pem');
  writeFileSync(path, generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 });
  expect(() => readKeyFile(path)).toThrow(
    expect.objectContaining({ code: 'KEY_FILE_UNSAFE', message: expect.stringContaining('not Ed25519') as string }) as Error,
  );
});

test('a key is made once, readable by its owner only, and nothing is left beside it', () => {
  const folder = join(temporaryFolder(), 'keys');
  const path = join(folder, 'key.pem');
  const key = createKeyFile(path);
  expect(readKeyFile(path)?.equals(key)).toBe(true);
  expect(createKeyFile(path).equals(key)).toBe(true);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  expect(readdirSync(folder)).toEqual(['key.pem']);
});

test('an existing key that others can read is not taken', () => {
  const path = join(temporaryFolder(), 'key.pem');
  createKeyFile(path);
  chmodSync(path, 0o644);
  expect(() => createKeyFile(path)).toThrow(expect.objectContaining({ code: 'KEY_FILE_UNSAFE' }) as Error);
});
