import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EvidenceError } from '../../../src/attestation/checks.ts';
import { readCertificateTable } from '../../../src/attestation/snp/certificate-table.ts';
import { snpKind } from '../../../src/attestation/snp/verify.ts';
import { verifyEvidence } from '../../../src/attestation/verify-evidence.ts';
import { mintReport, mintSnpChain, snpGiven } from '../mint-snp.ts';

const VCEK = '63da758de6644564adc5f4b93be8accd';
const ASK = '4ab7b379bbac4fe4a02f05aef327c782';

function table(entries: readonly (readonly [string, Buffer])[]): Buffer {
  const head = Buffer.alloc((entries.length + 1) * 24);
  let at = head.length;
  entries.forEach(([guid, bytes], i) => {
    Buffer.from(guid, 'hex').copy(head, i * 24);
    head.writeUInt32LE(at, i * 24 + 16);
    head.writeUInt32LE(bytes.length, i * 24 + 20);
    at += bytes.length;
  });
  return Buffer.concat([head, ...entries.map(([, bytes]) => bytes)]);
}

test('entries behind the end, two of a kind, and a table without an end are refused', () => {
  const outside = table([[VCEK, Buffer.alloc(4)]]);
  outside.writeUInt32LE(0xffff_fff0, 20);
  for (const bytes of [
    Buffer.alloc(0),
    Buffer.alloc(23),
    outside,
    table([
      [VCEK, Buffer.alloc(1)],
      [VCEK, Buffer.alloc(1)],
    ]),
    Buffer.alloc(24 * 40, 1),
  ])
    expect(() => readCertificateTable(bytes)).toThrow(EvidenceError);
});

test('any bytes give a table or an EvidenceError', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        readCertificateTable(Buffer.from(bytes));
      } catch (error) {
        expect(error).toBeInstanceOf(EvidenceError);
      }
    }),
  );
});

test('the certificates of the table are candidates: the pinned root decides', () => {
  const chain = mintSnpChain('genoa');
  const certificates = table([
    ['00112233445566778899aabbccddeeff', Buffer.from('other')],
    [VCEK, chain.vek.certificate.raw],
    [ASK, chain.between.certificate.raw],
  ]);
  const given = { ...snpGiven(mintReport('genoa', chain.vek.keys), chain), inputs: { certificates } };
  const reason = (roots = given.roots): string | null => verifyEvidence(snpKind, snpKind.parsePolicy({}), { ...given, roots }).reason;
  expect(reason()).toBeNull();
  expect(reason({ 'amd-ark-genoa': mintSnpChain('genoa').root.certificate })).toBe('untrusted-chain');
});
