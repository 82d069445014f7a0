import { describe, expect, test } from 'vitest';
import type { Given } from '../../../src/attestation/evidence-kind.ts';
import { sgxKind, tdxKind } from '../../../src/attestation/intel/quote-kinds.ts';
import { CLOCK_MS, mintCertificate } from '../mint-certificates.ts';
import { reasonOf } from '../verdict.ts';
import { mintCollateral, mintIntelChains, mintQuote, pckExtension, pemOf, qeIdentity, quoteGiven, tcbInfo } from './mint-quote.ts';
import type { CollateralWishes, IntelChains } from './mint-quote.ts';

const chains = mintIntelChains();
const EARLY = CLOCK_MS - 1000;

function verdict(wishes: CollateralWishes = {}, by: IntelChains = chains, more: Partial<Given> = {}, policy: unknown = {}): string | null {
  return reasonOf(tdxKind, quoteGiven(by, mintQuote(by), mintCollateral(by, wishes), more), policy);
}

test('what passes', () => {
  expect(verdict()).toBeNull();
});

describe('the file', () => {
  test.each([
    ['no JSON', Buffer.from('{'), 'malformed'],
    ['another shape', Buffer.from('{"tcb_info":"{}"}'), 'malformed'],
    ['a list that is no DER', mintCollateral(chains, { file: { root_ca_crl: '3003' } }), 'malformed'],
    ['a list that is no hex', mintCollateral(chains, { file: { pck_crl: 'xyz' } }), 'malformed'],
    ['a chain without certificates', mintCollateral(chains, { file: { tcb_info_issuer_chain: '' } }), 'untrusted-chain'],
  ])('%s', (_, collateral, reason) => {
    expect(reasonOf(tdxKind, quoteGiven(chains, mintQuote(chains), collateral))).toBe(reason);
  });

  test('none at all can be fetched: the answer is that it is too old', () => {
    expect(verdict({}, chains, { inputs: {} })).toBe('collateral-expired');
  });

  test('no root', () => {
    expect(verdict({}, chains, { roots: {} })).toBe('untrusted-chain');
  });
});

describe('revocation lists', () => {
  const other = mintIntelChains();

  test.each<[string, CollateralWishes, string]>([
    ['of the root, signed by another', { rootCrl: { issuer: { ...other.root, name: chains.root.name } } }, 'untrusted-chain'],
    ['of the root, over', { rootCrl: { toMs: EARLY } }, 'collateral-expired'],
    ['of the root, not yet begun', { rootCrl: { fromMs: CLOCK_MS + 1000 } }, 'collateral-expired'],
    ['of the root, without an end', { rootCrl: { toMs: null } }, 'collateral-expired'],
    ['of the root, in another name', { rootCrl: { issuer: { ...chains.root, name: 'Other' } } }, 'collateral-mismatch'],
    ['of the root, naming the platform CA', { rootCrl: { revoked: [2n] } }, 'revoked'],
    ['of the root, naming who signs the documents', { rootCrl: { revoked: [4n] } }, 'revoked'],
    ['of the platform CA, signed by another', { pckCrl: { issuer: { ...other.platformCa, name: chains.platformCa.name } } }, 'untrusted-chain'],
    ['of the platform CA, over', { pckCrl: { toMs: EARLY } }, 'collateral-expired'],
    ['of the platform CA, naming the PCK', { pckCrl: { revoked: [3n] } }, 'revoked'],
    ['of the platform CA, in another name', { pckCrl: { issuer: { ...chains.platformCa, name: 'Other' } } }, 'collateral-mismatch'],
    ['of the platform CA, whose chain ends elsewhere', { file: { pck_crl_issuer_chain: pemOf(other.platformCa, other.root) } }, 'untrusted-chain'],
  ])('%s', (_, wishes, reason) => {
    expect(verdict(wishes)).toBe(reason);
  });

  test('a serial number counts for certificates of the same issuer only', () => {
    expect(verdict({ rootCrl: { revoked: [3n] }, pckCrl: { revoked: [2n, 4n] } })).toBeNull();
  });

  test('the list of another CA, itself in order', () => {
    const processor = mintCertificate({ name: 'TEST SGX PCK Processor CA', issuer: chains.root, serial: 9n });
    expect(verdict({ pckCrl: { issuer: processor }, file: { pck_crl_issuer_chain: pemOf(processor, chains.root) } })).toBe('collateral-mismatch');
  });
});

describe('the PCK chain', () => {
  test.each<[string, Parameters<typeof mintIntelChains>[0], string]>([
    ['a leaf that is over', { pck: { toMs: EARLY } }, 'chain-expired'],
    ['a leaf that has not begun', { pck: { fromMs: CLOCK_MS + 1000 } }, 'chain-expired'],
    ['a CA that is over', { platformCa: { toMs: EARLY } }, 'chain-expired'],
    ['a CA that may not be one', { platformCa: { isCa: false } }, 'untrusted-chain'],
    ['a leaf of another kind', { pck: { name: 'TEST SGX TCB Signing' } }, 'untrusted-chain'],
    ['a leaf without the SGX extension', { pck: { extensions: [] } }, 'malformed'],
    ['a leaf with 15 components', { pck: { extensions: [pckExtension({ components: Array<number>(15).fill(7) })] } }, 'malformed'],
    ['a leaf of another platform', { pck: { extensions: [pckExtension({ fmspc: '90c06f000001' })] } }, 'collateral-mismatch'],
    ['a leaf of another PCE', { pck: { extensions: [pckExtension({ pceId: '0001' })] } }, 'collateral-mismatch'],
  ])('%s', (_, wishes, reason) => {
    expect(verdict({}, mintIntelChains(wishes))).toBe(reason);
  });

  test('a policy that passes over an old certificate still refuses a revoked one', () => {
    const old = mintIntelChains({ pck: { toMs: EARLY } });
    const policy = { factors: { 'chain-expired': 'allowed' } };
    expect(verdict({}, old, {}, policy)).toBeNull();
    expect(verdict({ pckCrl: { revoked: [3n] } }, old, {}, policy)).toBe('revoked');
  });
});

describe('signed documents', () => {
  const resigned = (text: string): string => `${text} `;

  test.each<[string, CollateralWishes, string]>([
    ['TCB info of the other TEE', { tcbInfo: { id: 'SGX' } }, 'collateral-signature'],
    ['QE identity of the other TEE', { qeIdentity: { id: 'QE' } }, 'collateral-signature'],
    ['TCB info that is over', { tcbInfo: { nextUpdate: '2026-02-01T00:00:00Z' } }, 'collateral-expired'],
    ['QE identity that is over', { qeIdentity: { nextUpdate: '2026-02-01T00:00:00Z' } }, 'collateral-expired'],
    ['TCB info of tomorrow', { tcbInfo: { issueDate: '2026-03-02T00:00:00Z' } }, 'collateral-expired'],
    ['TCB info of another platform', { tcbInfo: { fmspc: '000000000000' } }, 'collateral-mismatch'],
    ['TCB info of another version', { tcbInfo: { version: 2 } }, 'collateral-signature'],
    ['TCB info without levels', { tcbInfo: { tcbLevels: undefined } }, 'collateral-signature'],
    ['TCB info with a date that is none', { tcbInfo: { nextUpdate: 'never' } }, 'collateral-signature'],
    ['a signature of zeros', { file: { qe_identity_signature: '00'.repeat(64) } }, 'collateral-signature'],
    ['a signature that is too short', { file: { tcb_info_signature: '00' } }, 'collateral-signature'],
    ['TCB info written anew', { file: { tcb_info: resigned(JSON.stringify(tcbInfo('tdx'))) } }, 'collateral-signature'],
    ['QE identity written anew', { file: { qe_identity: resigned(JSON.stringify(qeIdentity('tdx'))) } }, 'collateral-signature'],
  ])('%s', (_, wishes, reason) => {
    expect(verdict(wishes)).toBe(reason);
  });

  test.each<[string, Parameters<typeof mintIntelChains>[0], string]>([
    ['signed by who may not', { tcbSigner: { name: 'TEST SGX PCK Certificate' } }, 'untrusted-chain'],
    ['signed by who is over', { tcbSigner: { toMs: EARLY } }, 'chain-expired'],
  ])('%s', (_, wishes, reason) => {
    expect(verdict({}, mintIntelChains(wishes))).toBe(reason);
  });

  test('signed by themselves', () => {
    const self = mintCertificate({ name: 'TEST SGX TCB Signing', keys: chains.tcbSigner.keys });
    expect(verdict({ file: { tcb_info_issuer_chain: pemOf(self) } })).toBe('untrusted-chain');
  });

  test('SGX documents do for no TD, and TD documents for no enclave', () => {
    const quote = mintQuote(chains, { bodyBytes: 384, version: 3 });
    expect(reasonOf(sgxKind, quoteGiven(chains, quote, mintCollateral(chains)))).toBe('collateral-signature');
  });

  test('dates of all collateral are noted', () => {
    const list = tdxKind.parsePolicy({}).verify(quoteGiven(chains, mintQuote(chains), mintCollateral(chains)));
    expect(list.collateral.map(({ name }) => name)).toEqual(['root-crl', 'pck-crl', 'tcb-info', 'qe-identity']);
    expect(list.expiries.get('collateral')).toBe(Date.parse('2026-12-31T00:00:00Z'));
  });
});
