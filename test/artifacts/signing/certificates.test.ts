import { createHash } from 'node:crypto';
import type { X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { certificateSigner, keySigner } from '../../../src/artifacts/signing/model-signer.ts';
import { signModel } from '../../../src/artifacts/signing/sign-model.ts';
import { signedBytesBefore10 } from '../../../src/artifacts/signing/signed-bytes.ts';
import { readCertificates, trustCertificates, trustKey } from '../../../src/artifacts/signing/trust.ts';
import type { CertificateTrust } from '../../../src/artifacts/signing/trust.ts';
import { CODE_SIGNING_OID, mint, SERVER_AUTH_OID } from './minted-certificate.ts';
import type { MintedCertificate } from './minted-certificate.ts';
import { bundleOf, FILES, findingsOf, newKey, newModel, reasonOf, statementFor, verified } from './signed-models.ts';

const model = newModel(FILES);
const statement = statementFor(FILES);
const [rootKey, middleKey, leafKey] = [newKey(), newKey(), newKey('P-384')];
const DAY = 86_400_000;
const atMs = Date.UTC(2026, 5, 1);

function rootWith(wish: Partial<MintedCertificate> = {}): X509Certificate {
  return mint({ subject: 'root', issuer: 'root', publicKey: rootKey.publicKey, issuerKey: rootKey.privateKey, ca: true, keyUsage: 0x04, toDay: 3650, ...wish });
}
function middleWith(wish: Partial<MintedCertificate> = {}): X509Certificate {
  return mint({
    subject: 'middle',
    issuer: 'root',
    publicKey: middleKey.publicKey,
    issuerKey: rootKey.privateKey,
    ca: true,
    keyUsage: 0x04,
    toDay: 1000,
    ...wish,
  });
}
function leafWith(wish: Partial<MintedCertificate> = {}): X509Certificate {
  return mint({ subject: 'signer', issuer: 'middle', publicKey: leafKey.publicKey, issuerKey: middleKey.privateKey, fromDay: 10, keyUsage: 0x80, ...wish });
}

const [root, middle, leaf] = [rootWith(), middleWith(), leafWith()];

interface Wish {
  readonly chain?: readonly X509Certificate[];
  readonly roots?: readonly X509Certificate[];
  readonly pins?: readonly string[];
  readonly atMs?: number;
}

function bundleWith(chain: readonly X509Certificate[]): Buffer {
  const certificates = chain.map(({ raw }) => ({ rawBytes: raw.toString('base64') }));
  return bundleOf(statement, { key: leafKey, hash: 'sha384', material: { x509CertificateChain: { certificates } } });
}

async function resultFor({ chain = [leaf, middle], roots = [root], pins, ...rest }: Wish = {}): ReturnType<typeof verified> {
  const trust: CertificateTrust = { method: 'certificate', roots, pins };
  return verified(model, bundleWith(chain), { trust, atMs, ...rest });
}

test('a chain from the leaf to a given root is accepted, with or without the root in it', async () => {
  const result = await resultFor();
  expect(result).toMatchObject({ verdict: 'pass', signer: { method: 'certificate', subject: 'CN=signer', curve: 'P-384' } });
  expect((await resultFor({ chain: [leaf, middle, root] })).verdict).toBe('pass');
  expect((await resultFor({ chain: [leaf, root, middle] })).verdict).toBe('pass');
});

test('an intermediate among the trusted certificates helps, and is no root itself', async () => {
  expect((await resultFor({ chain: [leaf], roots: [root, middle] })).verdict).toBe('pass');
  expect(reasonOf(await resultFor({ chain: [leaf], roots: [middle] }))).toBe('trust');
});

describe('chains that are refused', () => {
  const stranger = newKey();
  test.each<[string, string, Wish]>([
    ['the intermediate is missing', 'trust', { chain: [leaf] }],
    ['the root is not trusted', 'trust', { roots: [rootWith({ publicKey: stranger.publicKey, issuerKey: stranger.privateKey })] }],
    ['no root is trusted', 'trust', { roots: [] }],
    ['the leaf is signed by another key', 'trust', { chain: [leafWith({ issuerKey: stranger.privateKey }), middle] }],
    ['the issuer has another name', 'trust', { chain: [leafWith({ issuer: 'someone' }), middle] }],
    ['the issuer is no CA', 'trust', { chain: [leaf, middleWith({ ca: false, keyUsage: 0x80 })] }],
    ['the issuer may not sign certificates', 'trust', { chain: [leaf, middleWith({ keyUsage: 0x80 })] }],
    ['the root allows no intermediate', 'trust', { roots: [rootWith({ pathLength: 0 })] }],
    ['the root is over when the leaf begins', 'trust', { roots: [rootWith({ toDay: 5 })] }],
    ['the root begins after the leaf', 'trust', { roots: [rootWith({ fromDay: 20 })] }],
    ['the intermediate is over when the leaf begins', 'trust', { chain: [leaf, middleWith({ toDay: 5 })] }],
    ['the leaf has a critical extension that nobody knows', 'trust', { chain: [leafWith({ criticalOid: [0x2a, 3, 4] }), middle] }],
    ['the leaf is signed with SHA-1', 'trust', { chain: [leafWith({ hash: 'sha1' }), middle] }],
    ['the leaf has no usage', 'key-usage', { chain: [mintPlainLeaf(), middle] }],
    ['the leaf may sign certificates only', 'key-usage', { chain: [leafWith({ keyUsage: 0x04 }), middle] }],
    ['the leaf is for servers only', 'key-usage', { chain: [leafWith({ keyUsage: 0x08, extendedUsages: [SERVER_AUTH_OID] }), middle] }],
    ['the leaf is not the pinned one', 'pin', { pins: ['0'.repeat(64)] }],
    ['the leaf is of another key', 'signature', { chain: [leafWith({ publicKey: stranger.publicKey }), middle] }],
  ])('%s', async (_, reason, wish) => {
    expect(reasonOf(await resultFor(wish))).toBe(reason);
  });

  function mintPlainLeaf(): X509Certificate {
    return mint({ subject: 'signer', issuer: 'middle', publicKey: leafKey.publicKey, issuerKey: middleKey.privateKey, fromDay: 10 });
  }

  test('more certificates than a chain may have, without looking at them for long', async () => {
    const many = Array.from({ length: 9 }, () => middleWith());
    expect(reasonOf(await resultFor({ chain: [leaf, ...many] }))).toBe('trust');
    const loops = Array.from({ length: 7 }, () =>
      mint({ subject: 'middle', issuer: 'middle', publicKey: middleKey.publicKey, issuerKey: middleKey.privateKey, ca: true }),
    );
    expect(reasonOf(await resultFor({ chain: [leaf, ...loops] }))).toBe('trust');
  });

  test('bytes that are no certificate', async () => {
    const material = { x509CertificateChain: { certificates: [{ rawBytes: Buffer.from('no DER').toString('base64') }] } };
    expect(reasonOf(await verified(model, bundleOf(statement, { material }), { trust: { method: 'certificate', roots: [root] } }))).toBe('trust');
  });
});

test('code signing alone is usage enough', async () => {
  const { keyUsage: _, ...wish }: MintedCertificate = {
    subject: 'signer',
    issuer: 'middle',
    publicKey: leafKey.publicKey,
    issuerKey: middleKey.privateKey,
    fromDay: 10,
    keyUsage: 0,
  };
  expect((await resultFor({ chain: [mint({ ...wish, extendedUsages: [CODE_SIGNING_OID] }), middle] })).verdict).toBe('pass');
});

test('a leaf that is trusted itself needs nobody else', async () => {
  const own = mint({ subject: 'own', issuer: 'own', publicKey: leafKey.publicKey, issuerKey: leafKey.privateKey, keyUsage: 0x80 });
  expect((await resultFor({ chain: [own], roots: [own] })).verdict).toBe('pass');
  expect(reasonOf(await resultFor({ chain: [own], roots: [root] }))).toBe('trust');
});

describe('findings', () => {
  const pin = createHash('sha256').update(leaf.raw).digest('hex');

  test('a certificate past its end blocks, unless it is allowed', async () => {
    const late = Date.UTC(2026, 0, 1) + 400 * DAY;
    expect(findingsOf(await resultFor({ atMs: late, pins: [pin] }))).toEqual(['certificate-expired']);
  });

  test('without a pin it is noted, and blocks where pins are demanded', async () => {
    const result = await resultFor();
    expect(result.checks.find(({ name }) => name === 'certificate-unpinned')?.outcome).toBe('note');
    const trust: CertificateTrust = { method: 'certificate', roots: [root] };
    expect(findingsOf(await verified(model, bundleWith([leaf, middle]), { trust, atMs, demand: ['certificate-unpinned'] }))).toEqual(['certificate-unpinned']);
    expect((await resultFor({ pins: [pin] })).checks.map(({ name }) => name)).not.toContain('certificate-unpinned');
  });

  test('before 1.0 certificates signed with SHA-256 whatever the curve', async () => {
    const certificates = [leaf, middle].map(({ raw }) => ({ rawBytes: raw.toString('base64') }));
    const material = { x509CertificateChain: { certificates } };
    const trust: CertificateTrust = { method: 'certificate', roots: [root] };
    const older = bundleOf(statement, { key: leafKey, hash: 'sha256', material, signed: signedBytesBefore10 });
    expect(reasonOf(await verified(model, older, { trust, atMs }))).toBe('signature');
    expect(await verified(model, older, { trust, atMs, allow: ['pre-1.0'] })).toMatchObject({ verdict: 'pass', mode: 'pre-1.0' });
    const wrong = bundleOf(statement, { key: leafKey, hash: 'sha384', material, signed: signedBytesBefore10 });
    expect(reasonOf(await verified(model, wrong, { trust, atMs, allow: ['pre-1.0'] }))).toBe('signature');
  });
});

describe('signing with certificates', () => {
  const signer = keySigner(leafKey.privateKey, leafKey.publicKey);

  test('a signed model carries the chain and verifies', async () => {
    const signed = await signModel({ model, signer: certificateSigner(signer, [leaf, middle]) });
    if (!signed.signed) throw new Error('not signed');
    expect(await verified(model, Buffer.from(signed.bundle), { trust: trustCertificates(root.toString()), atMs })).toMatchObject({
      verdict: 'pass',
      root: signed.root,
    });
  });

  test.each<[string, readonly X509Certificate[]]>([
    ['none', []],
    ['out of order', [middle, leaf]],
    ['with a gap', [leaf, root]],
    ['of another key', [leafWith({ publicKey: newKey().publicKey }), middle]],
    ['without the usage', [leafWith({ keyUsage: 0x04 }), middle]],
    ['with a root that is over', [leaf, middle, rootWith({ toDay: 5 })]],
  ])('a chain that no verifier would take is refused: %s', (_, chain) => {
    expect(() => certificateSigner(signer, chain)).toThrow(expect.objectContaining({ code: 'FIELD_INVALID', field: 'certificates' }));
  });
});

test('trust that cannot be used is an error of the caller', () => {
  expect(() => trustKey('no PEM')).toThrow(expect.objectContaining({ code: 'FIELD_INVALID', field: 'publicKey' }));
  expect(() => readCertificates('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----', 'roots')).toThrow(expect.objectContaining({ field: 'roots' }));
  expect(() => trustCertificates(root.toString(), ['AB'])).toThrow(expect.objectContaining({ field: 'pins' }));
  expect(trustCertificates(`some text\n${root.toString()}${middle.toString()}`).roots).toHaveLength(2);
});
