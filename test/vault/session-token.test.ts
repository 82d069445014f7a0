import { generateKeyPairSync, sign } from 'node:crypto';
import fc from 'fast-check';
import { decodeProtectedHeader, jwtVerify } from 'jose';
import { describe, expect, test } from 'vitest';
import { newId } from '../../src/core/ids.ts';
import { sessionPublicKey, signSession, verifySession } from '../../src/vault/session-token.ts';
import type { SessionClaims } from '../../src/vault/session-token.ts';

const pair = generateKeyPairSync('ed25519');
const claims: SessionClaims = {
  id: newId('ses'),
  keyId: newId('key'),
  keyGeneration: 3,
  installationGeneration: 7,
  subject: newId('sub'),
  installationId: newId('ins'),
  issuedAtMs: 1_700_000_000_000,
  expiresAtMs: 1_700_003_600_000,
};

describe('session tokens', () => {
  test('what was signed comes back', () => {
    expect(verifySession(signSession(claims, pair.privateKey), pair.publicKey)).toEqual(claims);
  });

  test('another JWT implementation verifies them', async () => {
    const token = signSession(claims, pair.privateKey);
    const { payload } = await jwtVerify(token, pair.publicKey, { algorithms: ['EdDSA'], currentDate: new Date(1_700_000_001_000) });
    expect(payload).toMatchObject({ jti: claims.id, sub: claims.subject, key: claims.keyId });
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'EdDSA', typ: 'JWT' });
  });

  test('every changed character is noticed', () => {
    const token = signSession(claims, pair.privateKey);
    fc.assert(
      fc.property(fc.nat(token.length - 1), fc.constantFrom(...'ABZaz09-_.='.split('')), (at, character) => {
        const changed = token.slice(0, at) + character + token.slice(at + 1);
        return changed === token || verifySession(changed, pair.publicKey) === undefined;
      }),
    );
  });

  test.each(['', '.', '..', 'a.b.c', 'a.b.c.d', 'x'.repeat(100_000)])('%j is no token', (text) => {
    expect(verifySession(text.slice(0, 3000), pair.publicKey)).toBeUndefined();
  });

  test('no other header is accepted, even with a good signature', () => {
    for (const header of ['{"alg":"none"}', '{"typ":"JWT","alg":"EdDSA"}', '{"alg":"HS256","typ":"JWT"}']) {
      const [, payload] = signSession(claims, pair.privateKey).split('.');
      const body = `${Buffer.from(header).toString('base64url')}.${String(payload)}`;
      const token = `${body}.${sign(null, Buffer.from(body), pair.privateKey).toString('base64url')}`;
      expect(verifySession(token, pair.publicKey)).toBeUndefined();
    }
  });

  test('the public key travels as base64 SPKI', () => {
    const spki = pair.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
    expect(verifySession(signSession(claims, pair.privateKey), sessionPublicKey(spki))).toEqual(claims);
  });
});
