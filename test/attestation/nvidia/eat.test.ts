import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import fc from 'fast-check';
import { compactVerify, createLocalJWKSet, SignJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import type { Given } from '../../../src/attestation/evidence-kind.ts';
import { PolicyError } from '../../../src/attestation/factors.ts';
import { nvidiaEatKind } from '../../../src/attestation/nvidia/eat-kind.ts';
import { readSignedToken, readTokenKeys } from '../../../src/attestation/nvidia/signed-token.ts';
import { reasonOf } from '../verdict.ts';
import { COMMON, DEVICE, eatGiven, encoded, ISS, jwk, jwks, keys, keySet, mintAnswer, other, SECONDS, token } from './mint-eat.ts';
import type { AnswerWishes, Claims } from './mint-eat.ts';

function verdict(evidence: Buffer, policy: unknown = { iss: ISS }, more: Partial<Given> = {}): string | null {
  return reasonOf(nvidiaEatKind, eatGiven(evidence, more), policy);
}

test('what passes', () => {
  expect(verdict(mintAnswer())).toBeNull();
  expect(verdict(mintAnswer(), { iss: ISS, devices: 2, hw_models: ['GH100'] })).toBeNull();
  expect(verdict(mintAnswer({ sign: { key: other.privateKey, header: { alg: 'ES384', kid: 'two' } } }))).toBeNull();
});

describe('answers that are malformed', () => {
  test.each<[string, string]>([
    ['nothing', ''],
    ['no JSON', '[['],
    ['an object', '{}'],
    ['no devices', '[["JWT","a.b.c"]]'],
    ['another kind of token', '[["CWT","a.b.c"],{}]'],
    ['a device that is no text', '[["JWT","a.b.c"],{"GPU-0":1}]'],
    ['a device that would be left out', '[["JWT","a.b.c"],{"__proto__":"a.b.c"}]'],
    ['a token of two parts', '[["JWT","YQ.YQ"],{}]'],
    ['a token that is no base64url', '[["JWT","a=.b.c"],{}]'],
  ])('%s', (_, text) => {
    expect(verdict(Buffer.from(text))).toBe('malformed');
  });

  test('claims that are no object', () => {
    const signed = `${encoded({ alg: 'ES384', kid: 'one' })}.${encoded([1])}`;
    const text = `${signed}.${sign('sha384', Buffer.from(signed), { key: keys.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
    expect(verdict(Buffer.from(JSON.stringify([['JWT', text], {}])))).toBe('malformed');
  });
});

describe('signatures', () => {
  const forged = (header: Claims, signature = ''): Buffer => {
    const claims = encoded({ ...COMMON, submods: {}, 'x-nvidia-overall-att-result': true });
    return Buffer.from(JSON.stringify([['JWT', `${encoded(header)}.${claims}.${signature}`], {}]));
  };

  test.each<[string, Buffer]>([
    ['by another key', mintAnswer({ sign: { key: other.privateKey } })],
    ['by a key that is not known', mintAnswer({ sign: { header: { alg: 'ES384', kid: 'three' } } })],
    ['by nobody', forged({ alg: 'none', kid: 'one' })],
    ['without the id of a key', mintAnswer({ sign: { header: { alg: 'ES384' } } })],
    ['by an algorithm that is named otherwise', mintAnswer({ sign: { header: { alg: 'ES256', kid: 'one' } } })],
    [
      'by the public key as a secret',
      forged({ alg: 'HS256', kid: 'one' }, createHmac('sha256', JSON.stringify(keySet.keys[0])).update('a').digest('base64url')),
    ],
    ['with a header that demands more', mintAnswer({ sign: { header: { alg: 'ES384', kid: 'one', crit: ['exp'] } } })],
    ['with a payload that is not encoded', mintAnswer({ sign: { header: { alg: 'ES384', kid: 'one', b64: false } } })],
    ['of a device by another key', mintAnswer({ devices: { 'GPU-0': token(DEVICE, { key: other.privateKey }) } })],
  ])('%s', (_, evidence) => {
    expect(verdict(evidence)).toBe('bad-signature');
  });

  test('a key on another curve is none', () => {
    const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const set = Buffer.from(JSON.stringify({ keys: [jwk(p256.publicKey, 'one')] }));
    expect(verdict(mintAnswer(), {}, { inputs: { jwks: set } })).toBe('bad-signature');
  });

  test.each<[string, Buffer | undefined, string]>([
    ['no set', undefined, 'collateral-expired'],
    ['no JSON', Buffer.from('{'), 'malformed'],
    ['one id with two keys', Buffer.from(JSON.stringify({ keys: [jwk(keys.publicKey, 'one'), jwk(other.publicKey, 'one')] })), 'malformed'],
    ['a key that is no point', Buffer.from(JSON.stringify({ keys: [{ ...jwk(keys.publicKey, 'one'), y: 'AAAA' }] })), 'malformed'],
  ])('keys: %s', (_, set, reason) => {
    expect(verdict(mintAnswer(), {}, { inputs: set === undefined ? {} : { jwks: set } })).toBe(reason);
  });

  test('tokens that jose signs are read, and what is read jose verifies', async () => {
    const made = await new SignJWT({ ...COMMON }).setProtectedHeader({ alg: 'ES384', kid: 'two' }).sign(other.privateKey);
    expect(readSignedToken(made, readTokenKeys(jwks))).toEqual(COMMON);
    await expect(
      compactVerify(token(DEVICE), createLocalJWKSet({ keys: [jwk(keys.publicKey, 'one') as { kty: string }] }), { algorithms: ['ES384'] }),
    ).resolves.toBeDefined();
  });

  test('flipping any bit never passes', () => {
    const evidence = mintAnswer();
    fc.assert(
      fc.property(fc.nat(evidence.length * 8 - 1), (bit) => {
        const copy = Buffer.from(evidence);
        copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(verdict(copy)).not.toBeNull();
      }),
      { numRuns: 300 },
    );
  });
});

describe('claims of the overall token', () => {
  test.each<[string, Claims, string | null]>([
    ['valid to this second', { exp: SECONDS }, null],
    ['valid from this second', { nbf: SECONDS }, null],
    ['over', { exp: SECONDS - 1 }, 'expired'],
    ['not yet valid', { nbf: SECONDS + 1 }, 'expired'],
    ['without an end', { exp: undefined }, 'expired'],
    ['with an end that is text', { exp: '9999999999' }, 'expired'],
    ['of another issuer', { iss: 'https://nras.other.invalid' }, 'issuer'],
    ['for another question', { eat_nonce: '00'.repeat(32) }, 'nonce-mismatch'],
    ['for no question', { eat_nonce: undefined }, 'nonce-mismatch'],
    ['a bad result', { 'x-nvidia-overall-att-result': false }, 'overall-result'],
    ['a result that is text', { 'x-nvidia-overall-att-result': 'true' }, 'overall-result'],
    ['no devices', { submods: {} }, 'submod-mismatch'],
    ['no names', { submods: undefined }, 'submod-mismatch'],
    ['names by another hash', { submods: { 'GPU-0': ['DIGEST', ['SHA-1', '00'.repeat(20)]] } }, 'submod-mismatch'],
  ])('%s', (_, overall, reason) => {
    expect(verdict(mintAnswer({ overall }))).toBe(reason);
  });
});

describe('devices', () => {
  const one = token(DEVICE);
  const two = token({ ...DEVICE, hwmodel: 'GB100' });

  test.each<[string, AnswerWishes, string]>([
    ['one that is missing', { devices: { 'GPU-0': one }, named: { 'GPU-0': one, 'GPU-1': two } }, 'submod-mismatch'],
    ['one that nobody named', { devices: { 'GPU-0': one, 'GPU-1': two }, named: { 'GPU-0': one } }, 'submod-mismatch'],
    ['two that changed places', { devices: { 'GPU-0': two, 'GPU-1': one }, named: { 'GPU-0': one, 'GPU-1': two } }, 'submod-mismatch'],
    ['one that is over', { devices: { 'GPU-0': token({ ...DEVICE, exp: SECONDS - 1 }) } }, 'expired'],
    ['one of another issuer', { devices: { 'GPU-0': token({ ...DEVICE, iss: 'x' }) } }, 'issuer'],
    ['one for another question', { devices: { 'GPU-0': token({ ...DEVICE, eat_nonce: '00' }) } }, 'nonce-mismatch'],
    ['one with other measurements', { devices: { 'GPU-0': one, 'GPU-1': token({ ...DEVICE, measres: 'fail' }) } }, 'measurement-not-allowed'],
    ['one without secure boot', { devices: { 'GPU-0': token({ ...DEVICE, secboot: false }) } }, 'overall-result'],
    ['one that is debugged', { devices: { 'GPU-0': token({ ...DEVICE, dbgstat: 'enabled' }) } }, 'debug-enabled'],
  ])('%s', (_, wishes, reason) => {
    expect(verdict(mintAnswer(wishes))).toBe(reason);
  });

  test('as many and of the models that the policy asks', () => {
    const evidence = mintAnswer({ devices: { 'GPU-0': one, 'GPU-1': two } });
    expect(verdict(evidence, { devices: 8 })).toBe('submod-mismatch');
    expect(verdict(evidence, { hw_models: ['GH100'] })).toBe('product-not-allowed');
    expect(verdict(evidence, { hw_models: ['GH100', 'GB100'], devices: 2 })).toBeNull();
  });

  test.each([{ iss: '' }, { devices: 0 }, { golden: {} }, { factors: { 'bad-signature': 'allowed' } }])('the policy %j cannot be followed', (policy) => {
    expect(() => nvidiaEatKind.parsePolicy(policy)).toThrow(PolicyError);
  });
});
