import { describe, expect, test } from 'vitest';
import { logEntriesFault } from '../../../src/artifacts/signing/log-entries.ts';
import type { KeylessTrust } from '../../../src/artifacts/signing/trust.ts';
import { mint } from './minted-certificate.ts';
import { bundleOf, FILES, newKey, newModel, reasonOf, statementFor, verified } from './signed-models.ts';

// Bundles that verify are real ones: the conformance suite has them, and changes them.
const model = newModel(FILES);
const [caKey, logKey, leafKey] = [newKey(), newKey(), newKey()];
const ca = mint({ subject: 'ca', issuer: 'ca', publicKey: caKey.publicKey, issuerKey: caKey.privateKey, ca: true, keyUsage: 0x04 });
const leaf = mint({ subject: '', issuer: 'ca', publicKey: leafKey.publicKey, issuerKey: caKey.privateKey, keyUsage: 0x80 });

const trustedRoot = {
  mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
  tlogs: [
    {
      baseUrl: 'https://log.example',
      hashAlgorithm: 'SHA2_256',
      publicKey: {
        rawBytes: logKey.publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
        keyDetails: 'PKIX_ECDSA_P256_SHA_256',
        validFor: { start: '2026-01-01T00:00:00Z' },
      },
      logId: { keyId: Buffer.alloc(32).toString('base64') },
    },
  ],
  certificateAuthorities: [
    {
      subject: { organization: 'test', commonName: 'ca' },
      uri: 'https://ca.example',
      certChain: { certificates: [{ rawBytes: ca.raw.toString('base64') }] },
      validFor: { start: '2026-01-01T00:00:00Z' },
    },
  ],
  ctlogs: [],
  timestampAuthorities: [],
};

const trust: KeylessTrust = { method: 'sigstore', identity: 'someone@example.com', issuer: 'https://issuer.example', trustedRoot };

function entryWith(change: object = {}): Readonly<Record<string, unknown>> {
  return {
    logIndex: '0',
    logId: { keyId: Buffer.alloc(32).toString('base64') },
    kindVersion: { kind: 'dsse', version: '0.0.1' },
    integratedTime: '1780000000',
    inclusionProof: { logIndex: '0', rootHash: 'AAAA', treeSize: '1', hashes: [], checkpoint: { envelope: 'log.example\n1\nAAAA\n\n' }, ...change },
    canonicalizedBody: Buffer.from('{}').toString('base64'),
  };
}

function bundleWith(tlogEntries: unknown, more: object = {}): Buffer {
  const material = { certificate: { rawBytes: leaf.raw.toString('base64') }, tlogEntries, ...more };
  return bundleOf(statementFor(FILES), { key: leafKey, material });
}

describe('without a log entry that holds nothing is accepted, although certificate and signature are right', () => {
  test.each([
    ['no entries', []],
    ['entries that are no list', 'none'],
    ['an entry that is none', [null]],
    ['an entry that the log never signed', [entryWith()]],
    ['a proof about another tree', [entryWith({ treeSize: '2' })]],
    ['a proof with another root', [entryWith({ rootHash: 'BBBB' })]],
    ['many entries', Array.from({ length: 100_000 }, () => 0)],
  ])('%s', async (_, entries) => {
    expect(reasonOf(await verified(model, bundleWith(entries), { trust }))).toBe('trust');
  });
});

test('a certificate that is none is refused', async () => {
  const more = { certificate: { rawBytes: Buffer.from('no DER').toString('base64') } };
  expect(reasonOf(await verified(model, bundleWith([entryWith()], more), { trust }))).toBe('trust');
});

test('too many timestamps are refused before they are compared with each other', () => {
  const timestampVerificationData = { rfc3161Timestamps: Array.from({ length: 9 }, () => ({})) };
  expect(logEntriesFault({ verificationMaterial: { tlogEntries: [], timestampVerificationData } })).toMatch('more than 8');
});

test.each([
  ['nothing', null],
  ['an empty one', {}],
  ['one without a log', { ...trustedRoot, tlogs: [] }],
  ['a text', 'root'],
])('a trusted root that cannot be used is an error of the caller: %s', async (_, given) => {
  await expect(verified(model, bundleWith([entryWith()]), { trust: { ...trust, trustedRoot: given } })).rejects.toMatchObject({
    code: 'FIELD_INVALID',
    field: 'trustedRoot',
  });
});
