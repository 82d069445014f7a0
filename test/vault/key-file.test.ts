import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadOrCreateEd25519, loadOrCreateSecret } from '../../src/vault/key-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'elulmc-keys-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('key files', () => {
  test('a key is made once, with mode 0600, and read again', () => {
    const path = join(folder, 'keys', 'a.key');
    const first = loadOrCreateEd25519(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, 'keys')).mode & 0o777).toBe(0o700);
    expect(loadOrCreateEd25519(path).export({ type: 'pkcs8', format: 'der' })).toEqual(first.export({ type: 'pkcs8', format: 'der' }));
  });

  test.each([0o644, 0o640, 0o604, 0o666])('mode %o is refused', (mode) => {
    const path = join(folder, 'a.key');
    loadOrCreateEd25519(path);
    chmodSync(path, mode);
    expect(() => loadOrCreateEd25519(path)).toThrow(/must be 600/);
  });

  test('a folder that others can write is refused', () => {
    const path = join(folder, 'a.key');
    loadOrCreateSecret(path, 32);
    chmodSync(folder, 0o777);
    expect(() => loadOrCreateSecret(path, 32)).toThrow(/others can replace/);
  });

  test.each(['', 'not base64!', 'AAAA', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n'])(
    'a damaged file is refused and left alone: %j',
    (content) => {
      const path = join(folder, 'a.key');
      writeFileSync(path, content, { mode: 0o600 });
      expect(() => loadOrCreateEd25519(path)).toThrow(/does not hold/);
      expect(() => loadOrCreateSecret(path, 32)).toThrow(/damaged/);
      expect(readFileSync(path, 'utf8')).toBe(content);
    },
  );

  test('a key of another type is refused', async () => {
    const { generateKeyPairSync } = await import('node:crypto');
    const path = join(folder, 'a.key');
    writeFileSync(path, generateKeyPairSync('x25519').privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    expect(() => loadOrCreateEd25519(path)).toThrow(/not Ed25519/);
  });
});
