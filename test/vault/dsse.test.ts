import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { decodeExactly, keyIdOf, preAuthenticationEncoding, signEd25519, verifyEd25519 } from '../../src/vault/dsse.ts';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const der = publicKey.export({ type: 'spki', format: 'der' });
const message = Buffer.from('message');

test('the pre-authentication encoding is that of the DSSE specification', () => {
  // The example of protocol.md.
  expect(preAuthenticationEncoding('http://example.com/HelloWorld', Buffer.from('hello world')).toString()).toBe(
    'DSSEv1 29 http://example.com/HelloWorld 11 hello world',
  );
  expect(preAuthenticationEncoding('ü', Buffer.from('ä')).toString()).toBe('DSSEv1 2 ü 2 ä');
});

describe('what is no signature', () => {
  const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  test.each<[string, Buffer, Buffer]>([
    ['of another message', der, signEd25519(privateKey, Buffer.from('other'))],
    ['of another key', der, signEd25519(generateKeyPairSync('ed25519').privateKey, message)],
    ['too long', der, Buffer.concat([signEd25519(privateKey, message), Buffer.from([0])])],
    ['nothing', der, Buffer.alloc(0)],
    ['by a key of another kind', p256.publicKey.export({ type: 'spki', format: 'der' }), sign('sha256', message, p256.privateKey)],
    ['by no key', Buffer.from('no key'), signEd25519(privateKey, message)],
  ])('%s', (_what, key, signature) => {
    expect(verifyEd25519(key, message, signature)).toBe(false);
  });

  test('and what is one', () => {
    expect(verifyEd25519(der, message, signEd25519(privateKey, message))).toBe(true);
    expect(keyIdOf(der)).toMatch(/^[0-9a-f]{64}$/);
  });
});

test.each<['base64' | 'base64url', string, boolean]>([
  ['base64', 'AA==', true],
  ['base64', 'AB==', false],
  ['base64', 'AA', false],
  ['base64', 'A A=', false],
  ['base64url', 'AA', true],
  ['base64url', 'AB', false],
  ['base64url', 'AA==', false],
  ['base64url', '+/', false],
])('%s %s is its only spelling: %s', (encoding, text, exact) => {
  expect(decodeExactly(text, encoding) !== undefined).toBe(exact);
});
