import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { QuoteVerifier } from '@phala/dcap-qvl';
import { describe, expect, test } from 'vitest';
import type { Given } from '../../src/attestation/evidence-kind.ts';
import { readPinnedRoots } from '../../src/attestation/roots.ts';
import { evidenceKind, verifyEvidence } from '../../src/attestation/verify-evidence.ts';
import { enclaveLevel, mintCollateral, mintIntelChains, mintQuote, platformLevel, quoteGiven } from '../attestation/intel/mint-quote.ts';
import type { CollateralWishes, QuoteWishes } from '../attestation/intel/mint-quote.ts';
import { CLOCK_MS } from '../attestation/mint-certificates.ts';
import { readTsv } from '../conformance/tsv.ts';

/** Everything that the other verifier leaves to its caller: then both judge the same. */
const LAX = {
  allow_debug: false,
  tcb_statuses: [
    'UpToDate',
    'SWHardeningNeeded',
    'ConfigurationNeeded',
    'ConfigurationAndSWHardeningNeeded',
    'OutOfDate',
    'OutOfDateConfigurationNeeded',
    'TDRelaunchAdvised',
    'TDRelaunchAdvisedConfigurationNeeded',
  ],
};

/** The status that the other verifier gives; null: it refuses. It is given no challenge and no measurements, so neither are we. */
function theirs({ evidence, inputs, roots, clockMs }: Given): string | null {
  const root = roots['intel-sgx']?.raw ?? Buffer.alloc(0);
  try {
    const collateral = JSON.parse(inputs['collateral']?.toString('utf8') ?? '') as Parameters<QuoteVerifier['verify']>[1];
    return QuoteVerifier.newWithRootCa(root).verify(evidence, collateral, Math.floor(clockMs / 1000)).status;
  } catch {
    return null;
  }
}

function ours(name: 'tdx' | 'sgx', given: Given): { readonly status: string | null; readonly reason: string | null } {
  const kind = evidenceKind(name);
  const { reason, list } = verifyEvidence(kind, kind.parsePolicy(LAX), { ...given, challenge: {} });
  return { status: reason === null ? (list.tcb?.status ?? null) : null, reason };
}

const chains = mintIntelChains();

function minted(kind: 'tdx' | 'sgx', quote: QuoteWishes = {}, collateral: CollateralWishes = {}, clockMs = CLOCK_MS): Given {
  const shape: QuoteWishes = kind === 'sgx' ? { version: 3, bodyBytes: 384, ...quote } : quote;
  return quoteGiven(chains, mintQuote(chains, shape), mintCollateral(chains, { tee: kind, ...collateral }), { clockMs });
}

const change = (at: number, value: number): QuoteWishes => ({ changeSigned: (signed, bodyAt) => signed.writeUInt8(value, bodyAt + at) });
const level = (status: string): CollateralWishes => ({ tcbInfo: { tcbLevels: [platformLevel(status, [7, 7, 2], 13, [5, 1, 3])] } });

const MADE: readonly (readonly [string, 'tdx' | 'sgx', Given])[] = [
  ['a quote of version 4', 'tdx', minted('tdx')],
  ['a quote of version 5', 'tdx', minted('tdx', { version: 5 })],
  ['a quote of TD 1.5', 'tdx', minted('tdx', { version: 5, bodyBytes: 648 })],
  ['a quote of SGX', 'sgx', minted('sgx')],
  ['an old platform', 'tdx', minted('tdx', {}, level('OutOfDate'))],
  ['a platform that needs configuration', 'tdx', minted('tdx', {}, level('ConfigurationNeeded'))],
  ['a platform that is revoked', 'tdx', minted('tdx', {}, level('Revoked'))],
  ['a platform of SGX that needs hardening', 'sgx', minted('sgx', {}, level('SWHardeningNeeded'))],
  ['a platform below every level', 'tdx', minted('tdx', {}, { tcbInfo: { tcbLevels: [platformLevel('UpToDate', [9, 9], 13, [5, 1])] } })],
  ['an old module', 'tdx', minted('tdx', change(0, 4))],
  ['an old quoting enclave', 'sgx', minted('sgx', {}, { qeIdentity: { tcbLevels: [enclaveLevel('OutOfDate', 4)] } })],
  ['a quoting enclave of another signer', 'tdx', minted('tdx', { changeQe: (qe) => qe.writeUInt8(1, 128) })],
  ['another attestation key than the bound one', 'tdx', minted('tdx', { boundKey: Buffer.alloc(64, 1) })],
  ['collateral that is over', 'tdx', minted('tdx', {}, {}, Date.parse('2027-03-01T00:00:00Z'))],
  ['collateral of another platform', 'tdx', minted('tdx', {}, { tcbInfo: { fmspc: '000000000000' } })],
  ['TCB info with another text than the signed one', 'tdx', minted('tdx', {}, { file: { tcb_info: '{}' } })],
  ['a revoked key of the platform', 'tdx', minted('tdx', {}, { pckCrl: { revoked: [3n] } })],
  ['a revoked intermediate', 'sgx', minted('sgx', {}, { rootCrl: { revoked: [2n] } })],
  ['debug mode', 'tdx', minted('tdx', change(120, 1))],
  ['debug mode of an enclave', 'sgx', minted('sgx', change(48, 0x13))],
];

describe('@phala/dcap-qvl says the same of what is made here', () => {
  test.each(MADE)('%s', (_, kind, given) => {
    const { status } = ours(kind, given);
    expect(status).toBe(theirs(given));
  });

  test('they do not ask for the level of a module, so one that nobody published passes there and not here', () => {
    const given = minted('tdx', change(1, 3));
    expect([ours('tdx', given), theirs(given)]).toEqual([{ status: null, reason: 'tcb-status' }, 'UpToDate']);
  });

  test('quotes with a flipped bit are refused by both', () => {
    const given = minted('tdx');
    for (let at = 48; at < 1100; at += 37) {
      const evidence = Buffer.from(given.evidence);
      evidence.writeUInt8(evidence.readUInt8(at) ^ 1, at);
      expect([at, ours('tdx', { ...given, evidence }).status, theirs({ ...given, evidence })]).toEqual([at, null, null]);
    }
  });
});

const DATA = resolve(import.meta.dirname, '../../../shared/data/attestation');
/** What the other verifier does not look at: bytes behind the quote, dates of revocation lists, modules that nobody published. */
const THEY_ACCEPT: ReadonlySet<string | null> = new Set(['malformed', 'collateral-expired', 'tcb-status']);

describe.skipIf(!existsSync(join(DATA, 'labels.tsv')))('@phala/dcap-qvl says the same of labelled quotes (skipped without ../shared/data/attestation)', () => {
  const rows = !existsSync(join(DATA, 'labels.tsv'))
    ? []
    : readTsv(join(DATA, 'labels.tsv')).map((cell) => ({
        path: cell('path'),
        kind: cell('kind'),
        at: cell('verify_at'),
        inputs: JSON.parse(cell('inputs') || '{}') as Record<string, string>,
      }));
  const quotes = rows.filter(({ kind }) => kind === 'tdx' || kind === 'sgx');

  test.each(quotes)('$path', ({ path, kind, at, inputs }) => {
    const read = (file: string): Buffer => readFileSync(join(DATA, file));
    const root =
      inputs['root'] === undefined
        ? readPinnedRoots(join(import.meta.dirname, '../../data/attestation-roots'))['intel-sgx']
        : new X509Certificate(read(inputs['root']));
    const given: Given = {
      evidence: read(path),
      inputs: { collateral: read(inputs['collateral'] ?? '') },
      roots: { 'intel-sgx': root },
      challenge: {},
      clockMs: Date.parse(at),
    };
    const { status, reason } = ours(kind === 'tdx' ? 'tdx' : 'sgx', given);
    const other = theirs(given);
    if (status === null && other !== null) expect(THEY_ACCEPT).toContain(reason);
    else expect(status).toBe(other);
  });
});
