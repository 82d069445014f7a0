import { generateKeyPairSync, sign } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { azureSnpKind } from '../../../src/attestation/azure/verify.ts';
import type { Given } from '../../../src/attestation/evidence-kind.ts';
import { verifyEvidence } from '../../../src/attestation/verify-evidence.ts';
import { MEASUREMENT, mintSnpChain, snpGiven } from '../mint-snp.ts';
import type { SnpChain } from '../mint-snp.ts';
import { mintQuote, NONCE } from '../mint-tpm.ts';
import { mintHclReport, mintRuntimeData } from './mint-hcl.ts';

const keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ALL = Array.from({ length: 24 }, (_, pcr) => pcr);
let chain: SnpChain;

beforeAll(() => {
  chain = mintSnpChain('milan');
});

const runtimeData = (jwk: Readonly<Record<string, unknown>> = {}): Buffer => mintRuntimeData(keys, jwk);
const hclReport = (runtime: Buffer, bound = runtime): Buffer => mintHclReport(chain, runtime, bound);

function genuine(evidence = hclReport(runtimeData()), msg = mintQuote({ selection: ALL })): Given {
  const base = snpGiven(evidence, chain, { challenge: { nonce: NONCE } });
  return { ...base, inputs: { ...base.inputs, msg, sig: sign('sha256', msg, keys.privateKey), pcrs: Buffer.alloc(768) } };
}

function reasonFor(given: Given): string | null {
  return verifyEvidence(azureSnpKind, azureSnpKind.parsePolicy({ measurements: [MEASUREMENT] }), given).reason;
}

function withInputs(given: Given, inputs: Readonly<Record<string, Buffer>>): Given {
  return { ...given, inputs: { ...given.inputs, ...inputs } };
}

test('genuine evidence is accepted', () => {
  expect(reasonFor(genuine())).toBeNull();
});

test('no bit of the report can be changed, heads and tail included', () => {
  const given = genuine();
  fc.assert(
    fc.property(fc.nat({ max: given.evidence.length * 8 - 1 }), (bit) => {
      const evidence = Buffer.from(given.evidence);
      evidence[bit >> 3] = (evidence[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(reasonFor({ ...given, evidence })).not.toBeNull();
    }),
    { numRuns: 300 },
  );
});

test('every bit of the head counts', () => {
  const given = genuine();
  for (let bit = 0; bit < 32 * 8; bit += 1) {
    const evidence = Buffer.from(given.evidence);
    evidence[bit >> 3] = (evidence[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect([bit, reasonFor({ ...given, evidence })]).toEqual([bit, 'malformed']);
  }
});

describe('the report of the paravisor', () => {
  test('too short, too long a length, bytes behind', () => {
    const evidence = hclReport(runtimeData());
    const long = Buffer.from(evidence);
    long.writeUInt32LE(0xffff_ffff, 1232);
    for (const bytes of [Buffer.alloc(0), evidence.subarray(0, 1235), evidence.subarray(0, 1300), long, Buffer.concat([evidence, Buffer.from([1])])])
      expect(reasonFor(genuine(bytes))).toBe('malformed');
  });

  test('other runtime data than the SNP report binds', () => {
    expect(reasonFor(genuine(hclReport(runtimeData(), Buffer.from('other'))))).toBe('nonce-mismatch');
  });

  test('runtime data without the one key that signs', () => {
    for (const data of [
      runtimeData({ kid: 'HCLEkPub' }),
      runtimeData({ key_ops: ['encrypt'] }),
      runtimeData({ n: 'AAAA' }),
      Buffer.from('{}'),
      Buffer.from('no JSON'),
    ])
      expect(reasonFor(genuine(hclReport(data)))).toBe('malformed');
  });
});

describe('the quote of the vTPM', () => {
  test('by another key', () => {
    const msg = mintQuote({ selection: ALL });
    const sig = sign('sha256', msg, generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey);
    expect(reasonFor(withInputs(genuine(), { sig }))).toBe('bad-signature');
    expect(reasonFor(withInputs(genuine(), { sig: Buffer.alloc(0) }))).toBe('bad-signature');
  });

  test('for another question', () => {
    expect(reasonFor(genuine(undefined, mintQuote({ selection: ALL, nonce: Buffer.alloc(32) })))).toBe('nonce-mismatch');
  });

  test('of another structure, or of no quote', () => {
    expect(reasonFor(genuine(undefined, mintQuote({ selection: ALL, type: 0x8017 })))).toBe('wrong-type');
    expect(reasonFor(genuine(undefined, Buffer.alloc(10)))).toBe('malformed');
  });

  test('other PCR values, too few of them, or not all selected', () => {
    expect(reasonFor(withInputs(genuine(), { pcrs: Buffer.alloc(768, 1) }))).toBe('event-log-mismatch');
    expect(reasonFor(withInputs(genuine(), { pcrs: Buffer.alloc(767) }))).toBe('malformed');
    expect(reasonFor(genuine(undefined, mintQuote({ selection: [0, 1] })))).toBe('pcr-not-quoted');
  });

  test('missing parts', () => {
    const { inputs, ...given } = genuine();
    for (const name of ['msg', 'sig', 'pcrs'])
      expect(reasonFor({ ...given, inputs: Object.fromEntries(Object.entries(inputs).filter(([key]) => key !== name)) })).toBe('malformed');
  });
});
