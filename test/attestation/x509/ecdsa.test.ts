import { generateKeyPairSync, sign } from 'node:crypto';
import { expect, test } from 'vitest';
import { ecKeyOf, isSignedEcdsa } from '../../../src/attestation/x509/ecdsa.ts';

const TEXT = Buffer.from('text');
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });

function signed(hash: string, key: typeof p256): Buffer {
  return sign(hash, TEXT, { key: key.privateKey, dsaEncoding: 'ieee-p1363' });
}

test('a signature counts with the curve that belongs to its hash only', () => {
  expect(isSignedEcdsa('sha256', TEXT, p256.publicKey, signed('sha256', p256))).toBe(true);
  expect(isSignedEcdsa('sha384', TEXT, p384.publicKey, signed('sha384', p384))).toBe(true);
  expect(isSignedEcdsa('sha384', TEXT, p256.publicKey, signed('sha384', p256))).toBe(false);
  expect(isSignedEcdsa('sha256', TEXT, p384.publicKey, signed('sha256', p384))).toBe(false);
});

test.each([0, 63, 65, 96])('a signature of %d bytes is none of P-256', (bytes) => {
  expect(isSignedEcdsa('sha256', TEXT, p256.publicKey, Buffer.alloc(bytes))).toBe(false);
});

test('keys of other kinds and the signature of zeros are false, not an error', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const ed = generateKeyPairSync('ed25519');
  for (const { publicKey } of [rsa, ed]) expect(isSignedEcdsa('sha256', TEXT, publicKey, Buffer.alloc(64))).toBe(false);
  expect(isSignedEcdsa('sha256', TEXT, p256.publicKey, Buffer.alloc(64))).toBe(false);
});

test('a point is a key when it lies on the curve', () => {
  const { x = '', y = '' } = p256.publicKey.export({ format: 'jwk' });
  const point = Buffer.concat([Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]);
  expect(ecKeyOf('sha256', point)?.equals(p256.publicKey)).toBe(true);
  expect(ecKeyOf('sha256', Buffer.alloc(64))).toBeUndefined();
  expect(ecKeyOf('sha256', point.subarray(1))).toBeUndefined();
  expect(ecKeyOf('sha384', point)).toBeUndefined();
});
