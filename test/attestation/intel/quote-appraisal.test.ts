import { describe, expect, test } from 'vitest';
import { sgxKind, tdxKind } from '../../../src/attestation/intel/quote-kinds.ts';
import { PolicyError } from '../../../src/attestation/factors.ts';
import { reasonOf } from '../verdict.ts';
import { enclaveLevel, MEASUREMENT, mintCollateral, mintIntelChains, mintQuote, pckExtension, platformLevel, quoteGiven } from './mint-quote.ts';
import type { CollateralWishes, IntelChains, QuoteWishes } from './mint-quote.ts';

const chains = mintIntelChains();
const TD_MEASUREMENT = Buffer.alloc(48, MEASUREMENT).toString('hex');
const ALL = ['UpToDate', 'SWHardeningNeeded', 'ConfigurationNeeded', 'ConfigurationAndSWHardeningNeeded', 'OutOfDate', 'OutOfDateConfigurationNeeded'];

interface Wishes {
  readonly quote?: QuoteWishes;
  readonly collateral?: CollateralWishes;
  readonly policy?: unknown;
  readonly by?: IntelChains;
}

function tdx({ quote, collateral, policy, by = chains }: Wishes): string | null {
  return reasonOf(tdxKind, quoteGiven(by, mintQuote(by, quote), mintCollateral(by, collateral)), policy);
}

function sgx({ quote, collateral, policy }: Wishes): string | null {
  const evidence = mintQuote(chains, { version: 3, bodyBytes: 384, ...quote });
  return reasonOf(sgxKind, quoteGiven(chains, evidence, mintCollateral(chains, { tee: 'sgx', ...collateral })), policy);
}

function tcbOf({ quote, collateral, by = chains }: Wishes) {
  return tdxKind.parsePolicy({}).verify(quoteGiven(by, mintQuote(by, quote), mintCollateral(by, collateral))).tcb;
}

/** Sets bytes of the body. */
function body(at: number, ...values: readonly number[]): QuoteWishes {
  return { changeSigned: (signed, bodyAt) => signed.set(values, bodyAt + at) };
}

/** The enclave that quotes has another byte. */
function qe(at: number, value: number): QuoteWishes {
  return { changeQe: (report) => report.writeUInt8(value, at) };
}

describe('the quoting enclave', () => {
  test.each<[string, QuoteWishes, string | null]>([
    ['another signer', qe(128, 0), 'qe-identity-mismatch'],
    ['another product', qe(256, 3), 'qe-identity-mismatch'],
    ['debug mode', qe(48, 0x13), 'qe-identity-mismatch'],
    ['another attribute', qe(48, 0x31), 'qe-identity-mismatch'],
    ['an attribute outside of the mask', qe(48, 0x15), null],
    ['another selection', qe(16, 1), 'qe-identity-mismatch'],
    ['an old version', qe(258, 2), 'tcb-status'],
    ['a version below every level', qe(258, 1), 'tcb-status'],
  ])('%s', (_, quote, reason) => {
    expect(tdx({ quote })).toBe(reason);
    expect(sgx({ quote })).toBe(reason);
  });
});

/** The platform is at one level, of this status. */
const level = (status: string): CollateralWishes => ({ tcbInfo: { tcbLevels: [platformLevel(status, [7, 7, 2], 13, [5, 1, 3])] } });

describe('levels of the platform', () => {
  test('only the newest passes by default', () => {
    for (const status of [...ALL.slice(1), 'Revoked', 'SomethingNew']) expect(tdx({ collateral: level(status) })).toBe('tcb-status');
  });

  test('what a policy allows passes', () => {
    for (const status of ALL) expect(tdx({ collateral: level(status), policy: { tcb_statuses: [status] } })).toBe(null);
  });

  test('a revoked one never passes', () => {
    expect(tdx({ collateral: level('Revoked'), policy: { tcb_statuses: ALL } })).toBe('tcb-status');
    expect(() => tdxKind.parsePolicy({ tcb_statuses: ['Revoked'] })).toThrow(PolicyError);
  });

  test('no status at all is allowed by an empty list', () => {
    expect(tdx({ policy: { tcb_statuses: [] } })).toBe('tcb-status');
  });

  test.each([
    ['a component of the processor', { components: [6, ...Array<number>(15).fill(7)] }],
    ['the PCE', { pceSvn: 12 }],
  ])('%s decides the level', (_, platform) => {
    const by = mintIntelChains({ pck: { extensions: [pckExtension(platform)] } });
    expect(tdx({ by })).toBe('tcb-status');
    expect(tcbOf({ by })).toEqual({ status: 'OutOfDate', advisories: ['INTEL-SA-OutOfDate'], levelDate: '2025-01-01T00:00:00Z' });
  });

  test('below every level is not supported', () => {
    const by = mintIntelChains({ pck: { extensions: [pckExtension({ pceSvn: 1 })] } });
    expect(tdx({ by, policy: { tcb_statuses: ALL } })).toBe('tcb-status');
  });

  test('a component of the TD decides, the first two where no module of its own does', () => {
    expect(tdx({ quote: body(2, 2) })).toBe('tcb-status');
    const first = { tcbInfo: { tcbLevels: [platformLevel('UpToDate', [7], 13, [5, 0, 3])] } };
    expect(tdx({ quote: body(0, 5, 0, 3), collateral: first })).toBe(null);
    expect(tdx({ quote: body(0, 4, 0, 3), collateral: first })).toBe('tcb-status');
  });

  test('the worst of enclave, platform and module counts, with all advisories and the oldest date', () => {
    const worst = tcbOf({ quote: { ...body(0, 2), ...qe(258, 4) }, collateral: level('ConfigurationNeeded') });
    expect(worst).toEqual({ status: 'OutOfDate', advisories: ['INTEL-SA-ConfigurationNeeded'], levelDate: '2023-01-01T00:00:00Z' });
  });
});

describe('the module of a TD', () => {
  const identity = { mrsigner: '00'.repeat(48), attributes: '00'.repeat(8), attributesMask: 'FF'.repeat(8) };

  test.each<[string, Wishes, string | null]>([
    ['one that is not published', { quote: body(1, 3) }, 'tcb-status'],
    ['one that is old', { quote: body(0, 4) }, 'tcb-status'],
    ['one below every level', { quote: body(0, 1), policy: { tcb_statuses: ALL } }, 'tcb-status'],
    ['one of another signer', { quote: body(64, 1) }, 'tcb-status'],
    ['one with other attributes', { quote: body(112, 1) }, 'tcb-status'],
    ['old, but for fewer days than allowed', { quote: body(0, 4), policy: { out_of_date_days: 1156 } }, null],
    ['old for as many days as allowed', { quote: body(0, 4), policy: { out_of_date_days: 1155 } }, 'tcb-status'],
    [
      'old on a platform that also needs another configuration',
      { quote: body(0, 4), collateral: level('OutOfDateConfigurationNeeded'), policy: { out_of_date_days: 3650 } },
      'tcb-status',
    ],
    ['old, where that is allowed', { quote: body(0, 4), policy: { tcb_statuses: ['OutOfDate'] } }, null],
    [
      'an id in hex digits of either case',
      {
        quote: body(1, 0x0a),
        collateral: { tcbInfo: { tdxModuleIdentities: [{ id: 'TDX_0a', ...identity, tcbLevels: [enclaveLevel('UpToDate', 5)] }] } },
      },
      null,
    ],
  ])('%s', (_, wishes, reason) => {
    expect(tdx(wishes)).toBe(reason);
  });

  test('the first modules are judged by their signer', () => {
    const collateral = { tcbInfo: { tcbLevels: [platformLevel('UpToDate', [7], 13, [5, 0, 3])] } };
    const old = (signed: Buffer, at: number) => signed.set([5, 0, 3], at);
    expect(tdx({ quote: { changeSigned: old }, collateral })).toBe(null);
    const foreign = (signed: Buffer, at: number) => {
      old(signed, at);
      signed.set([1], at + 64);
    };
    expect(tdx({ quote: { changeSigned: foreign }, collateral })).toBe('tcb-status');
  });
});

describe('attributes', () => {
  const attributes = (value: bigint): QuoteWishes => ({ changeSigned: (signed, at) => signed.writeBigUInt64LE(value, at + 120) });
  const SEPT_VE_DISABLE = 1n << 28n;

  test.each<[string, bigint, string | null]>([
    ['SEPT_VE_DISABLE off', 0n, 'td-attributes'],
    ['protection keys, key locker and PERFMON', SEPT_VE_DISABLE | (1n << 30n) | (1n << 31n) | (1n << 63n), null],
    ['debug', SEPT_VE_DISABLE | 1n, 'debug-enabled'],
    ['a bit that is reserved', SEPT_VE_DISABLE | (1n << 29n), 'malformed'],
    ['the last reserved bit', SEPT_VE_DISABLE | (1n << 62n), 'malformed'],
  ])('%s', (_, value, reason) => {
    expect(tdx({ quote: attributes(value) })).toBe(reason);
  });

  test('debug, where it is allowed', () => {
    expect(tdx({ quote: attributes(SEPT_VE_DISABLE | 1n), policy: { allow_debug: true } })).toBe(null);
    expect(sgx({ quote: body(48, 0x13) })).toBe('debug-enabled');
    expect(sgx({ quote: body(48, 0x13), policy: { allow_debug: true } })).toBe(null);
  });
});

describe('the workload', () => {
  test.each<[string, Wishes, string | null]>([
    ['other report data', { quote: body(520, 0) }, 'nonce-mismatch'],
    ['a measurement in the list', { policy: { measurements: ['00'.repeat(48), TD_MEASUREMENT.toUpperCase()] } }, null],
    ['a measurement that is not', { policy: { measurements: ['00'.repeat(48)] } }, 'measurement-not-allowed'],
    ['an empty list', { policy: { measurements: [] } }, 'measurement-not-allowed'],
    ['registers as pinned', { policy: { rtmr: { 0: '30'.repeat(48), 3: '33'.repeat(48) } } }, null],
    ['a register that differs', { policy: { rtmr: { 0: '30'.repeat(48), 2: '33'.repeat(48) } } }, 'measurement-not-allowed'],
  ])('%s', (_, wishes, reason) => {
    expect(tdx(wishes)).toBe(reason);
  });

  test('an enclave', () => {
    expect(sgx({ policy: { measurements: ['22'.repeat(32)] } })).toBe(null);
    expect(sgx({ policy: { measurements: ['23'.repeat(32)] } })).toBe('measurement-not-allowed');
    expect(sgx({ quote: body(320, 0) })).toBe('nonce-mismatch');
  });

  test.each([{ rtmr: { 4: '00'.repeat(48) } }, { measurements: ['00'] }, { measurement: [] }, { nonce: '00' }, { factors: { 'chip-mismatch': 'allowed' } }])(
    'the policy %j cannot be followed',
    (policy) => {
      expect(() => tdxKind.parsePolicy(policy)).toThrow(PolicyError);
    },
  );

  test('all that is wrong is shown, not only the first', () => {
    const evidence = mintQuote(chains, body(520, 0));
    const list = tdxKind.parsePolicy({ measurements: [], tcb_statuses: [] }).verify(quoteGiven(chains, evidence, mintCollateral(chains)));
    expect(list.checks.filter(({ outcome }) => outcome === 'fail').map(({ code }) => code)).toEqual([
      'tcb-status',
      'nonce-mismatch',
      'measurement-not-allowed',
    ]);
  });
});
