import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { EvidenceError } from '../../../src/attestation/checks.ts';
import { demandCurrent, isRevoked, readRevocationList } from '../../../src/attestation/x509/crl.ts';
import { subjectNameOf } from '../../../src/attestation/x509/certificate.ts';
import { CLOCK_MS, der, extension, FROM_MS, integer, mintCertificate, mintRevocationList, TO_MS } from '../mint-certificates.ts';
import type { Minted } from '../mint-certificates.ts';

function check(list: Buffer, issuer: Minted, clockMs = CLOCK_MS): string | null {
  try {
    demandCurrent(readRevocationList(list), issuer.certificate, clockMs);
    return null;
  } catch (error) {
    if (error instanceof EvidenceError) return error.code;
    throw error;
  }
}

let issuer: Minted;

beforeAll(() => {
  issuer = mintCertificate({ name: 'issuer' });
});

describe('a list that is not believed', () => {
  test('another signer of the same name', () => {
    expect(check(mintRevocationList({ issuer: mintCertificate({ name: 'issuer' }) }), issuer)).toBe('untrusted-chain');
  });

  test('outside of its window, and without an end', () => {
    const list = mintRevocationList({ issuer });
    expect(check(list, issuer, FROM_MS - 1000)).toBe('collateral-expired');
    expect(check(list, issuer, TO_MS + 1000)).toBe('collateral-expired');
    expect(check(list, issuer, FROM_MS)).toBeNull();
    expect(check(list, issuer, TO_MS)).toBeNull();
    expect(check(mintRevocationList({ issuer, toMs: null }), issuer)).toBe('collateral-expired');
  });

  test('a delta, which names only what changed', () => {
    expect(check(mintRevocationList({ issuer, extensions: [extension('2.5.29.27', integer(1), true)] }), issuer)).toBe('malformed');
  });

  test('bytes that follow, and bytes that are none', () => {
    const list = mintRevocationList({ issuer });
    expect(check(Buffer.concat([list, Buffer.alloc(1)]), issuer)).toBe('malformed');
    expect(check(Buffer.alloc(0), issuer)).toBe('malformed');
    expect(check(der(0x30), issuer)).toBe('malformed');
  });

  test('any one bit changed', () => {
    const list = mintRevocationList({ issuer, revoked: [5n] });
    fc.assert(
      fc.property(fc.nat({ max: list.length * 8 - 1 }), (bit) => {
        const changed = Buffer.from(list);
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(check(changed, issuer)).not.toBeNull();
      }),
      { numRuns: 300 },
    );
  });
});

test('serial numbers are compared as numbers', () => {
  const list = readRevocationList(mintRevocationList({ issuer, revoked: [0n, 0x80n, 2n ** 130n] }));
  const serial = (value: bigint): boolean => isRevoked(list, mintCertificate({ name: 'x', issuer, serial: value }).certificate);
  expect([0n, 0x80n, 2n ** 130n, 1n, 0x8000n].map(serial)).toEqual([true, true, true, false, false]);
});

test('a list signed with RSA-PSS, SHA-384 and 48 bytes of salt is believed', () => {
  const rsa = mintCertificate({ name: 'rsa', keys: generateKeyPairSync('rsa', { modulusLength: 2048 }) });
  const list = mintRevocationList({ issuer: rsa, revoked: [7n], extensions: [extension('2.5.29.20', integer(1))] });
  expect(check(list, rsa)).toBeNull();
  expect(check(list, issuer)).toBe('untrusted-chain');
  expect(readRevocationList(list).issuer).toEqual(subjectNameOf(rsa.certificate));
});

function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

test.skipIf(!hasOpenssl())('openssl agrees about chain, window and revocation (skipped without openssl)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'elulmc-crl-'));
  try {
    const leaf = mintCertificate({ name: 'leaf', issuer, serial: 0x1234n, isCa: false });
    for (const [revoked, clockMs] of [
      [[], CLOCK_MS],
      [[0x1234n], CLOCK_MS],
      [[0x34n], CLOCK_MS],
      [[], TO_MS + 86_400_000],
    ] as const) {
      const list = mintRevocationList({ issuer, revoked });
      writeFileSync(join(folder, 'root.pem'), issuer.certificate.toString());
      writeFileSync(join(folder, 'leaf.pem'), leaf.certificate.toString());
      const lines = list.toString('base64').match(/.{1,64}/gu) ?? [];
      writeFileSync(join(folder, 'list.pem'), ['-----BEGIN X509 CRL-----', ...lines, '-----END X509 CRL-----', ''].join('\n'));
      const args = ['verify', '-attime', String(clockMs / 1000), '-crl_check', '-CAfile', 'root.pem', '-CRLfile', 'list.pem', 'leaf.pem'];
      let isAccepted = true;
      try {
        execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
      } catch {
        isAccepted = false;
      }
      const ours = check(list, issuer, clockMs) === null && !isRevoked(readRevocationList(list), leaf.certificate);
      expect([revoked, ours]).toEqual([revoked, isAccepted]);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
