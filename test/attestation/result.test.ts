import { createHash, generateKeyPairSync } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { answerCodeOf } from '../../src/attestation/answer.ts';
import { attestationResult, openAttestationResult, signAttestationResult } from '../../src/attestation/result.ts';
import type { AttestationResult } from '../../src/attestation/result.ts';
import { snpKind } from '../../src/attestation/snp/verify.ts';
import { verifyEvidence } from '../../src/attestation/verify-evidence.ts';
import { CLOCK_MS, mintRevocationList } from './mint-certificates.ts';
import { MEASUREMENT, mintReport, mintSnpChain, snpGiven } from './mint-snp.ts';

const keys = generateKeyPairSync('ed25519');
let result: AttestationResult;
let evidence: Buffer;

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

beforeAll(() => {
  const chain = mintSnpChain('genoa');
  evidence = mintReport('genoa', chain.vek.keys);
  const base = snpGiven(evidence, chain);
  const given = { ...base, inputs: { ...base.inputs, crl: mintRevocationList({ issuer: chain.root, toMs: CLOCK_MS + 2.5 * 86_400_000 }) } };
  const policy = { measurements: [MEASUREMENT] };
  const appraisal = verifyEvidence(snpKind, snpKind.parsePolicy(policy), given);
  result = attestationResult({ kind: 'snp', policy, given, appraisal, clockSource: 'argument' });
});

describe('a result', () => {
  test('names all that the evidence was judged by', () => {
    expect(result).toMatchObject({ kind: 'snp', verdict: 'accept', reason: null, answer_code: 0, evidence_sha256: sha256(evidence) });
    expect(result.policy_sha256).toBe(sha256(Buffer.from(JSON.stringify({ measurements: [MEASUREMENT] }))));
    expect(result.collateral.map(({ name }) => name).sort()).toEqual(['ask', 'crl', 'vek']);
    expect(result.collateral.find(({ name }) => name === 'crl')).toMatchObject({ issued: '2026-01-01T00:00:00.000Z', next_update: '2026-03-03T12:00:00.000Z' });
    expect(result.clock).toEqual({ value: '2026-03-01T00:00:00.000Z', source: 'argument' });
    expect(result.expires_in_days).toMatchObject({ collateral: 2, rim_signer: null });
    expect(result.expires_in_days.vek).toBeGreaterThan(3000);
  });

  test('says that the roots were test roots', () => {
    expect(result.roots.map(({ test: isTest }) => isTest)).toEqual([true, true, true]);
  });

  test('that is signed is opened by its key alone', () => {
    const text = signAttestationResult(result, keys.privateKey);
    expect(openAttestationResult(text, keys.publicKey)).toEqual(result);
    expect(openAttestationResult(text, generateKeyPairSync('ed25519').publicKey)).toBeUndefined();
    expect(openAttestationResult(text, generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey)).toBeUndefined();
  });

  test('that is changed anywhere is refused', () => {
    const text = signAttestationResult({ ...result, checks: [] }, keys.privateKey);
    for (let at = 0; at < text.length; at += 1) {
      const changed = `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`;
      expect(openAttestationResult(changed, keys.publicKey)).toBeUndefined();
    }
    for (const other of ['', '..', `${text}.`, `${text}=`, text.slice(0, -1), ` ${text}`]) expect(openAttestationResult(other, keys.publicKey)).toBeUndefined();
  });
});

test.each([
  [null, 0],
  ['bad-signature', 12],
  ['nonce-mismatch', 12],
  ['debug-enabled', 13],
  ['measurement-not-allowed', 13],
  ['collateral-expired', 14],
] as const)('the reason %s answers %d', (reason, code) => {
  expect(answerCodeOf(reason)).toBe(code);
});
