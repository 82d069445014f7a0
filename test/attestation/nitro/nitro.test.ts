import { generateKeyPairSync } from 'node:crypto';
import { encode } from 'cborg';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Given } from '../../../src/attestation/evidence-kind.ts';
import { PolicyError } from '../../../src/attestation/factors.ts';
import { nitroKind } from '../../../src/attestation/nitro/nitro-kind.ts';
import { CLOCK_MS, mintCertificate } from '../mint-certificates.ts';
import { reasonOf } from '../verdict.ts';
import { between, leaf, mintDocument, nitroGiven, NONCE, PCR, registers, root } from './mint-nitro.ts';
import type { Fields } from './mint-nitro.ts';

function verdict(evidence: Buffer, policy: unknown = {}, more: Partial<Given> = {}): string | null {
  return reasonOf(nitroKind, nitroGiven(evidence, more), policy);
}

describe('documents that are accepted', () => {
  test('with and without their tag', () => {
    expect(verdict(mintDocument())).toBeNull();
    expect(verdict(Buffer.concat([Buffer.from([0xd2]), mintDocument()]))).toBeNull();
  });

  test('with all that a policy asks', () => {
    expect(verdict(mintDocument(), { pcrs: { 0: PCR, 4: PCR.toUpperCase() }, max_age_s: 0 })).toBeNull();
  });

  test('with what is not known, signed as it is', () => {
    expect(verdict(mintDocument({ fields: { something_new: 1 } }))).toBeNull();
  });
});

describe('documents that are malformed', () => {
  const key = Buffer.from(encode('nonce'));
  const twice = Buffer.concat([Buffer.from([0xa2]), key, Buffer.from([0xf6]), key, Buffer.from([0xf6])]);

  test.each<[string, Buffer]>([
    ['nothing', Buffer.alloc(0)],
    ['no CBOR', Buffer.from([0xff])],
    ['bytes behind it', Buffer.concat([mintDocument(), Buffer.alloc(1)])],
    ['cut off', mintDocument().subarray(0, -1)],
    ['another tag', Buffer.concat([Buffer.from([0xd1]), mintDocument()])],
    ['two tags', Buffer.concat([Buffer.from([0xd2, 0xd2]), mintDocument()])],
    ['three parts', Buffer.from(encode([new Uint8Array(), new Map(), new Uint8Array()]))],
    ['five parts', mintDocument({ more: [0] })],
    ['an indefinite array', Buffer.concat([Buffer.from([0x9f]), mintDocument().subarray(1), Buffer.from([0xff])])],
    ['nested too deeply', Buffer.alloc(60_000, 0x81)],
    ['an array as long as memory', Buffer.from('9bffffffffffffffff', 'hex')],
    ['more than 64 KiB', Buffer.alloc(65_537)],
    ['a header that is not signed', mintDocument({ unsigned: new Map([[4, new Uint8Array(1)]]) })],
    ['a header that is no map', mintDocument({ unsigned: [] })],
    ['ES256', mintDocument({ header: encode(new Map([[1, -7]])) })],
    [
      'a header with more than the algorithm',
      mintDocument({
        header: encode(
          new Map([
            [1, -35],
            [4, 1],
          ]),
        ),
      }),
    ],
    ['an empty header', mintDocument({ header: new Uint8Array() })],
    ['a payload that is no map', mintDocument({ payload: encode([]) })],
    ['a key twice', mintDocument({ payload: twice })],
    ['SHA256', mintDocument({ fields: { digest: 'SHA256' } })],
    ['no module', mintDocument({ fields: { module_id: '' } })],
    ['no time', mintDocument({ fields: { timestamp: undefined } })],
    ['a time that is text', mintDocument({ fields: { timestamp: '2026' } })],
    ['a negative time', mintDocument({ fields: { timestamp: -1 } })],
    ['no registers', mintDocument({ fields: { pcrs: undefined } })],
    ['registers by text', mintDocument({ fields: { pcrs: { 0: new Uint8Array(48) } } })],
    ['register 32', mintDocument({ fields: { pcrs: new Map([[32, new Uint8Array(48)]]) } })],
    ['registers of 20 bytes', mintDocument({ fields: { pcrs: registers(1, 20) } })],
    ['no certificate', mintDocument({ fields: { certificate: undefined } })],
    ['no bundle', mintDocument({ fields: { cabundle: [] } })],
    ['a bundle as long as memory allows', mintDocument({ fields: { cabundle: Array<Uint8Array>(10).fill(root.certificate.raw) } })],
    ['a public key of 1025 bytes', mintDocument({ fields: { public_key: new Uint8Array(1025) } })],
    ['user data of 513 bytes', mintDocument({ fields: { user_data: new Uint8Array(513) } })],
    ['a nonce that is text', mintDocument({ fields: { nonce: 'nonce' } })],
    ['a signature of 95 bytes', mintDocument({ signature: new Uint8Array(95) })],
  ])('%s', (_, evidence) => {
    expect(verdict(evidence)).toBe('malformed');
  });

  test('any bytes give a refusal, never an error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(verdict(Buffer.from(bytes))).toBe('malformed');
      }),
    );
  });
});

describe('the chain', () => {
  const other = mintCertificate({ name: 'aws.test-nitro-enclaves' });

  test.each<[string, Fields, string]>([
    ['does not begin with the root', { cabundle: [between.certificate.raw] }, 'untrusted-chain'],
    ['begins with another root', { cabundle: [other.certificate.raw, between.certificate.raw] }, 'untrusted-chain'],
    ['misses a certificate', { cabundle: [root.certificate.raw] }, 'untrusted-chain'],
    ['is in the wrong order', { cabundle: [root.certificate.raw, leaf.certificate.raw, between.certificate.raw] }, 'untrusted-chain'],
    ['holds what is no certificate', { cabundle: [root.certificate.raw, new Uint8Array(3)] }, 'untrusted-chain'],
    ['has a leaf that is no certificate', { certificate: new Uint8Array(3) }, 'untrusted-chain'],
    ['has a leaf in PEM', { certificate: Buffer.from(leaf.certificate.toString()) }, 'untrusted-chain'],
  ])('%s', (_, fields, reason) => {
    expect(verdict(mintDocument({ fields }))).toBe(reason);
  });

  test('ends after three hours', () => {
    expect(verdict(mintDocument(), {}, { clockMs: Date.parse('2036-01-02T00:00:00Z') })).toBe('chain-expired');
  });

  test('needs a root', () => {
    expect(verdict(mintDocument(), {}, { roots: {} })).toBe('untrusted-chain');
    expect(verdict(mintDocument(), {}, { roots: { 'aws-nitro': other.certificate } })).toBe('untrusted-chain');
  });
});

describe('the signature', () => {
  test('is by the key of the leaf and no other', () => {
    expect(verdict(mintDocument({ signer: between }))).toBe('bad-signature');
    expect(verdict(mintDocument({ signature: new Uint8Array(96) }))).toBe('bad-signature');
  });

  test('is on P-384', () => {
    const p256 = mintCertificate({ name: 'leaf', issuer: between, isCa: false, keys: generateKeyPairSync('ec', { namedCurve: 'P-256' }) });
    expect(verdict(mintDocument({ fields: { certificate: p256.certificate.raw }, signature: new Uint8Array(96) }))).toBe('bad-signature');
  });

  test('does not hold once a bit is flipped anywhere', () => {
    const evidence = mintDocument();
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

describe('the content', () => {
  test.each([
    ['600 s old', CLOCK_MS - 600_000, null],
    ['601 s old', CLOCK_MS - 601_000, 'stale'],
    ['600 s ahead', CLOCK_MS + 600_000, null],
    ['601 s ahead', CLOCK_MS + 601_000, 'stale'],
  ])('%s', (_, timestamp, reason) => {
    expect(verdict(mintDocument({ fields: { timestamp } }), { max_age_s: 600 })).toBe(reason);
  });

  test('zeros in the registers of the code are a debug enclave', () => {
    const zero = mintDocument({ fields: { pcrs: registers(0) } });
    expect(verdict(zero)).toBe('debug-enabled');
    expect(verdict(zero, { allow_debug: true })).toBeNull();
    expect(verdict(mintDocument({ fields: { pcrs: new Map([...registers(0), [2, new Uint8Array(48).fill(1)]]) } }))).toBeNull();
    expect(verdict(mintDocument({ fields: { pcrs: new Map([[4, new Uint8Array(48).fill(1)]]) } }))).toBe('debug-enabled');
  });

  test.each([null, undefined, new Uint8Array(), new Uint8Array(32), Buffer.concat([NONCE, NONCE])])('the nonce %j is another one', (nonce) => {
    expect(verdict(mintDocument({ fields: { nonce } }))).toBe('nonce-mismatch');
  });

  test('registers as pinned', () => {
    expect(verdict(mintDocument(), { pcrs: { 0: '00'.repeat(48) } })).toBe('measurement-not-allowed');
    expect(verdict(mintDocument(), { pcrs: { 0: PCR, 8: PCR } })).toBe('measurement-not-allowed');
  });

  test.each([{ pcrs: { 32: PCR } }, { pcrs: { '00': PCR } }, { pcrs: { 0: '00' } }, { max_age_s: -1 }, { nonce: '00' }])(
    'the policy %j cannot be followed',
    (policy) => {
      expect(() => nitroKind.parsePolicy(policy)).toThrow(PolicyError);
    },
  );
});
