import { beforeAll, describe, expect, test } from 'vitest';
import { EvidenceError } from '../../../src/attestation/checks.ts';
import type { ReasonCode } from '../../../src/attestation/checks.ts';
import { chainTo, demandValidAt } from '../../../src/attestation/x509/chain.ts';
import { commonNameOf, extensionsOf, issuerNameOf, readCertificates, subjectNameOf } from '../../../src/attestation/x509/certificate.ts';
import { CLOCK_MS, der, extension, FROM_MS, mintCertificate, nameOf, p384, TO_MS } from '../mint-certificates.ts';
import type { Minted } from '../mint-certificates.ts';

function codeOf(work: () => unknown): ReasonCode | null {
  try {
    work();
    return null;
  } catch (error) {
    if (error instanceof EvidenceError) return error.code;
    throw error;
  }
}

let root: Minted;
let between: Minted;
let leaf: Minted;

beforeAll(() => {
  root = mintCertificate({ name: 'root' });
  between = mintCertificate({ name: 'between', issuer: root });
  leaf = mintCertificate({ name: 'leaf', issuer: between, isCa: false });
});

describe('a path that leads to no pinned root', () => {
  test('another root of the same name', () => {
    const other = mintCertificate({ name: 'root' });
    expect(codeOf(() => chainTo([leaf.certificate, between.certificate], other.certificate))).toBe('untrusted-chain');
  });

  test('a root that is only inside of the evidence', () => {
    const other = mintCertificate({ name: 'other root' });
    expect(codeOf(() => chainTo([leaf.certificate, between.certificate, root.certificate], other.certificate))).toBe('untrusted-chain');
  });

  test('an issuer that is no authority', () => {
    const plain = mintCertificate({ name: 'plain', issuer: root, isCa: false });
    const below = mintCertificate({ name: 'below', issuer: plain, isCa: false });
    expect(codeOf(() => chainTo([below.certificate, plain.certificate], root.certificate))).toBe('untrusted-chain');
  });

  test('an issuer of the right name with another key', () => {
    const impostor = mintCertificate({ name: 'between', issuer: root });
    expect(codeOf(() => chainTo([leaf.certificate, impostor.certificate], root.certificate))).toBe('untrusted-chain');
  });

  test('a missing, a foreign and a repeated certificate, and another order', () => {
    const foreign = mintCertificate({ name: 'foreign' });
    expect(codeOf(() => chainTo([leaf.certificate], root.certificate))).toBe('untrusted-chain');
    expect(codeOf(() => chainTo([leaf.certificate, foreign.certificate, between.certificate], root.certificate))).toBe('untrusted-chain');
    expect(codeOf(() => chainTo([leaf.certificate, leaf.certificate, between.certificate], root.certificate))).toBe('untrusted-chain');
    expect(codeOf(() => chainTo([between.certificate, leaf.certificate], root.certificate))).toBe('untrusted-chain');
  });

  test('a root that does not sign itself', () => {
    expect(codeOf(() => chainTo([leaf.certificate], between.certificate))).toBe('untrusted-chain');
  });

  test('more certificates than any vendor has', () => {
    expect(
      codeOf(() =>
        chainTo(
          Array.from({ length: 11 }, () => leaf.certificate),
          root.certificate,
        ),
      ),
    ).toBe('untrusted-chain');
  });
});

test('the pinned root may come along or not', () => {
  const path = [leaf.certificate, between.certificate, root.certificate];
  expect(chainTo(path, root.certificate)).toEqual(path);
  expect(chainTo([leaf.certificate, between.certificate], root.certificate).length).toBe(3);
});

describe('validity', () => {
  test.each([
    ['before it begins', FROM_MS - 1000, 'chain-expired'],
    ['at its first second', FROM_MS, null],
    ['at its last second', TO_MS, null],
    ['after its end', TO_MS + 1000, 'chain-expired'],
    ['without a clock', Number.NaN, 'chain-expired'],
  ])('%s', (_, clockMs, code) => {
    expect(codeOf(() => demandValidAt([leaf.certificate, root.certificate], clockMs))).toBe(code);
  });

  test('of the root counts too', () => {
    const old = mintCertificate({ name: 'old', toMs: CLOCK_MS - 1000 });
    expect(codeOf(() => demandValidAt([mintCertificate({ name: 'leaf', issuer: old }).certificate, old.certificate], CLOCK_MS))).toBe('chain-expired');
  });
});

describe('certificates as bytes', () => {
  test('what cannot be read leads to no root', () => {
    expect(codeOf(() => readCertificates(Buffer.alloc(0)))).toBe('untrusted-chain');
    expect(codeOf(() => readCertificates(Buffer.from('not a certificate')))).toBe('untrusted-chain');
    expect(codeOf(() => readCertificates(leaf.certificate.raw.subarray(0, 100)))).toBe('untrusted-chain');
    expect(codeOf(() => readCertificates(Buffer.from('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n')))).toBe('untrusted-chain');
    expect(codeOf(() => readCertificates(Buffer.from(leaf.certificate.toString().repeat(11))))).toBe('untrusted-chain');
  });

  test('PEM gives all of them in their order', () => {
    const pem = Buffer.from(`text before\n${leaf.certificate.toString()}between\n${between.certificate.toString()}`);
    expect(readCertificates(pem).map(({ raw }) => raw)).toEqual([leaf.certificate.raw, between.certificate.raw]);
    expect(readCertificates(leaf.certificate.raw)[0]?.raw).toEqual(leaf.certificate.raw);
  });

  test('names are read from the DER: text that looks like another attribute stays text', () => {
    const tricky = mintCertificate({ name: 'x\nCN=SEV-VCEK' });
    expect(commonNameOf(tricky.certificate)).toBe('x\nCN=SEV-VCEK');
    expect(subjectNameOf(leaf.certificate)).toEqual(nameOf('leaf'));
    expect(issuerNameOf(leaf.certificate)).toEqual(nameOf('between'));
  });

  test('an extension that stands twice is refused', () => {
    const extensions = [extension('1.2.3.4', der(0x02, Buffer.from([1])))];
    const once = mintCertificate({ name: 'once', extensions });
    expect(extensionsOf(once.certificate).get('1.2.3.4')).toEqual(Buffer.from([2, 1, 1]));
    const twice = mintCertificate({ name: 'twice', extensions: [...extensions, ...extensions], keys: p384() });
    expect(codeOf(() => extensionsOf(twice.certificate))).toBe('malformed');
  });
});
