import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { evidenceFileText, readEvidenceFile } from '../../src/attestation/evidence-file.ts';
import type { EvidenceFile } from '../../src/attestation/evidence-file.ts';
import { guessKind } from '../../src/attestation/guess-kind.ts';
import { EVIDENCE_KINDS } from '../../src/attestation/verify-evidence.ts';
import { mintCollateral, mintIntelChains, mintQuote as mintIntelQuote } from './intel/mint-quote.ts';
import { mintReport, mintSnpChain } from './mint-snp.ts';
import { mintQuote } from './mint-tpm.ts';
import { mintDocument } from './nitro/mint-nitro.ts';
import { mintDeviceChain, mintReport as mintDeviceReport } from './nvidia/mint-device.ts';
import { mintRim, mintRimChain } from './nvidia/mint-rim.ts';

const FILE: EvidenceFile = {
  host: 'rack-1',
  collectedAt: '2026-03-01T00:00:00.000Z',
  challenge: { nonce: '11'.repeat(32), reportData: '22'.repeat(64) },
  looked: [{ interface: 'configfs-tsm', at: '/sys', outcome: 'found', detail: null }],
  evidence: [{ kind: 'snp', interface: 'configfs-tsm', evidence: Buffer.from('report'), inputs: { certificates: Buffer.alloc(0) } }],
};

describe('an evidence file', () => {
  test('is read as it was written', () => {
    expect(readEvidenceFile(Buffer.from(evidenceFileText(FILE)))).toEqual(FILE);
  });

  test.each([
    ['another version', { v: 2 }],
    ['an unknown kind', { evidence: [{ kind: 'sev', interface: 'x', evidence: '', inputs: {} }] }],
    ['a nonce of another length', { challenge: { nonce: '11', reportData: '22'.repeat(64) } }],
    ['a name more', { more: 1 }],
    ['evidence that is not base64', { evidence: [{ kind: 'snp', interface: 'x', evidence: '*', inputs: {} }] }],
  ])('with %s is none', (_, change) => {
    const value = { ...(JSON.parse(evidenceFileText(FILE)) as object), ...change };
    expect(readEvidenceFile(Buffer.from(JSON.stringify(value)))).toBeUndefined();
  });

  test('any bytes give an answer', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (array) => {
        expect(readEvidenceFile(Buffer.from(array))).toBeUndefined();
        const kind = guessKind(Buffer.from(array));
        expect(kind === null || Object.hasOwn(EVIDENCE_KINDS, kind)).toBe(true);
      }),
    );
  });
});

describe('the kind of evidence by its bytes', () => {
  const intel = mintIntelChains();
  const device = mintDeviceChain();
  const rims = mintRimChain();
  test.each([
    ['snp', mintReport('turin', mintSnpChain('turin').vek.keys)],
    ['snp', mintReport('milan', mintSnpChain('milan').vek.keys, undefined, 2)],
    ['tdx', mintIntelQuote(intel)],
    ['tdx', mintIntelQuote(intel, { version: 5, bodyBytes: 648 })],
    ['sgx', mintIntelQuote(intel, { version: 5, bodyBytes: 384 })],
    ['sgx', mintIntelQuote(intel, { version: 3, bodyBytes: 384 })],
    ['nitro', mintDocument()],
    ['nitro', Buffer.concat([Buffer.from([0xd2]), mintDocument()])],
    ['tpm2', mintQuote()],
    ['az-snp-vtpm', Buffer.from('HCLA and more')],
    ['nvidia-gpu', mintDeviceReport(device)],
    ['nvidia-eat', Buffer.from(JSON.stringify([['JWT', 'x']]))],
    ['nvidia-rim', mintRim(rims)],
    [null, mintCollateral(intel)],
    [null, Buffer.alloc(0)],
  ])('%s', (kind, bytes) => {
    expect(guessKind(bytes)).toBe(kind);
  });
});
