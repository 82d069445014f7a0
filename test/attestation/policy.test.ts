import { describe, expect, test } from 'vitest';
import { PolicyError, readFactors, refusalOf } from '../../src/attestation/factors.ts';
import type { Check } from '../../src/attestation/checks.ts';
import { parseAttestationPolicy } from '../../src/attestation/policy.ts';
import { mintCertificate } from './mint-certificates.ts';
import { EVIDENCE_KINDS, evidenceKind, verifyEvidence } from '../../src/attestation/verify-evidence.ts';

const EXCEPTION = { reason: 'test machine', owner: 'per_a', review: '2026-12-31' };

function parse(file: Readonly<Record<string, unknown>>): ReturnType<typeof parseAttestationPolicy> {
  return parseAttestationPolicy(JSON.stringify({ v: 1, kinds: {}, ...file }));
}

describe('a policy that cannot be followed', () => {
  test.each([
    ['no JSON', '{'],
    ['no object', '[]'],
    ['another version', '{"v":2,"kinds":{}}'],
    ['an unknown key', '{"v":1,"kinds":{},"kind":1}'],
    ['an unknown kind', '{"v":1,"kinds":{"sev":{}}}'],
    ['an unknown key of a kind', '{"v":1,"kinds":{"snp":{"measurement":[]}}}'],
    ['a challenge among the keys', '{"v":1,"kinds":{"snp":{"report_data":"00"}}}'],
    ['a measurement of another length', '{"v":1,"kinds":{"snp":{"measurements":["00"]}}}'],
    ['a measurement that is no hex', `{"v":1,"kinds":{"snp":{"measurements":["${'zz'.repeat(48)}"]}}}`],
    ['an unknown component', '{"v":1,"kinds":{"snp":{"min_tcb":{"microcode":1}}}}'],
    ['a level above 255', '{"v":1,"kinds":{"snp":{"min_tcb":{"snp":256}}}}'],
    ['a PCR that programs can reset', '{"v":1,"kinds":{"tpm2":{"required_pcrs":[16]}}}'],
    ['an unknown factor', '{"v":1,"kinds":{"snp":{"factors":{"debugging":"enforced"}}}}'],
    ['a factor of another kind', '{"v":1,"kinds":{"snp":{"factors":{"ak-unknown":"enforced"}}}}'],
    ['a factor that is neither', '{"v":1,"kinds":{"snp":{"factors":{"debug":"ignored"}}}}'],
    ['a root that does not matter', '{"v":1,"kinds":{"snp":{"factors":{"untrusted-chain":"allowed"}}}}'],
  ])('%s', (_, text) => {
    expect(() => parseAttestationPolicy(text)).toThrow(PolicyError);
  });

  test('looser than the default without a reason, an owner and a review date', () => {
    const debug = { kinds: { snp: { allow_debug: true } } };
    expect(() => parse(debug)).toThrow(/snp\.allow_debug/u);
    expect(() => parse({ ...debug, exceptions: { 'snp.allow_debug': { ...EXCEPTION, owner: '' } } })).toThrow(PolicyError);
    expect(() => parse({ ...debug, exceptions: { 'snp.allow_debug': { ...EXCEPTION, review: 'soon' } } })).toThrow(PolicyError);
    expect(parse({ ...debug, exceptions: { 'snp.allow_debug': EXCEPTION } }).exceptions.get('snp.allow_debug')).toEqual(EXCEPTION);
    expect(() => parse({ enclave: 'optional' })).toThrow(/enclave/u);
    expect(() => parse({ kinds: { snp: { factors: { debug: 'allowed' } } } })).toThrow(/snp\.factors\.debug/u);
  });

  test('out of date for a while needs an exception too', () => {
    const grace = { kinds: { tdx: { out_of_date_days: 30 } } };
    expect(() => parse(grace)).toThrow(/tdx\.out_of_date_days/u);
    expect(parse({ ...grace, exceptions: { 'tdx.out_of_date_days': EXCEPTION } }).exceptions.size).toBe(1);
    expect(() => parse({ kinds: { tdx: { out_of_date_days: 0 } } })).toThrow(PolicyError);
  });

  test('a root that is none', () => {
    const pem = (minted: ReturnType<typeof mintCertificate>): string => minted.certificate.toString();
    const root = mintCertificate({ name: 'ROOT' });
    const leaf = mintCertificate({ name: 'LEAF', issuer: root, isCa: false });
    for (const roots of [{ 'amd-ark-genoa': 'x' }, { 'amd-ark-genoa': pem(leaf) }, { 'amd-ark-genoa': pem(root) + pem(leaf) }, { other: pem(root) }])
      expect(() => parse({ roots })).toThrow(PolicyError);
    expect(parse({ roots: { 'amd-ark-genoa': pem(root) } }).roots['amd-ark-genoa']?.fingerprint256).toBe(root.certificate.fingerprint256);
    expect(parse({}).roots).toEqual({});
  });

  test('an exception for nothing', () => {
    expect(() => parse({ exceptions: { 'snp.allow_debug': EXCEPTION } })).toThrow(/not looser/u);
  });
});

test('an enclave is required unless the policy says otherwise', () => {
  expect(parse({}).enclave).toBe('required');
  expect(parse({ enclave: 'optional', exceptions: { enclave: EXCEPTION } }).enclave).toBe('optional');
});

describe('factors', () => {
  const known = { chain: ['untrusted-chain'], window: ['collateral-expired'], debug: ['debug-enabled'] } as const;
  const check = (name: string, outcome: Check['outcome'], code: Check['code'] = null): Check => ({ name, outcome, code, expected: null, found: null });
  const factors = (value: Readonly<Record<string, string>>): ReturnType<typeof readFactors> => readFactors(value, known);

  test('the first failed check that is enforced decides', () => {
    const checks = [check('window', 'fail', 'collateral-expired'), check('debug', 'fail', 'debug-enabled')];
    expect(refusalOf(checks, factors({}))).toBe('collateral-expired');
    expect(refusalOf(checks, factors({ window: 'allowed' }))).toBe('debug-enabled');
    expect(refusalOf(checks, factors({ 'collateral-expired': 'allowed', debug: 'allowed' }))).toBeNull();
  });

  test('one that names the check wins over one that names the reason', () => {
    const checks = [check('debug', 'fail', 'debug-enabled')];
    expect(refusalOf(checks, factors({ debug: 'enforced', 'debug-enabled': 'allowed' }))).toBe('debug-enabled');
  });

  test('a check that could not be made is not a passed one', () => {
    const checks = [check('window', 'fail', 'collateral-expired'), check('debug', 'unknown')];
    expect(refusalOf(checks, factors({ window: 'allowed' }))).toBe('collateral-expired');
    expect(refusalOf(checks, factors({ window: 'allowed', debug: 'allowed' }))).toBeNull();
  });

  test('a chain that is not trusted blocks even where its check is allowed', () => {
    expect(refusalOf([check('chain', 'fail', 'untrusted-chain')], factors({ chain: 'allowed' }))).toBe('untrusted-chain');
  });
});

describe('kinds', () => {
  test('an unknown one is an error', () => {
    expect(() => evidenceKind('sev')).toThrow(PolicyError);
    expect(() => evidenceKind('constructor')).toThrow(PolicyError);
  });

  test.each(Object.entries(EVIDENCE_KINDS))('%s: nothing as evidence is refused with a check and a code that the kind declares', (_, kind) => {
    const given = { evidence: Buffer.alloc(0), inputs: {}, roots: {}, challenge: {}, clockMs: 0 };
    const { reason, list } = verifyEvidence(kind, kind.parsePolicy({}), given);
    expect(reason).not.toBeNull();
    for (const { name, code } of list.checks) {
      expect(Object.keys(kind.checks)).toContain(name);
      if (code !== null) expect(kind.checks[name]).toContain(code);
    }
  });

  test.each(Object.entries(EVIDENCE_KINDS))('%s: an input or a challenge that it does not take is an error', (_, kind) => {
    const given = { evidence: Buffer.alloc(0), inputs: { unheard: Buffer.alloc(0) }, roots: {}, challenge: {}, clockMs: 0 };
    expect(() => verifyEvidence(kind, kind.parsePolicy({}), given)).toThrow(PolicyError);
    const other = kind.challenge === 'nonce' ? { reportData: Buffer.alloc(64) } : { nonce: Buffer.alloc(32) };
    expect(() => verifyEvidence(kind, kind.parsePolicy({}), { ...given, inputs: {}, challenge: other })).toThrow(PolicyError);
  });
});
