import { describe, expect, test } from 'vitest';
import { tdxKind } from '../../../src/attestation/intel/quote-kinds.ts';
import { reasonOf } from '../verdict.ts';
import { enclaveLevel, mintCollateral, mintIntelChains, mintQuote, platformLevel, quoteGiven } from './mint-quote.ts';
import type { Json, QuoteWishes } from './mint-quote.ts';

const chains = mintIntelChains();

/** A TD launched under a module that has been updated since: numbers at launch, and those of now. */
function oldTd(now: readonly number[], more: Partial<QuoteWishes> = {}): QuoteWishes {
  return {
    version: 5,
    bodyBytes: 648,
    changeSigned: (signed, at) => {
      signed.set([4, 1, 3], at);
      signed.set(now, at + 584);
    },
    ...more,
  };
}

function verified(quote: QuoteWishes, tcbInfo: Json = {}, policy: unknown = {}) {
  return tdxKind.parsePolicy(policy).verify(quoteGiven(chains, mintQuote(chains, quote), mintCollateral(chains, { tcbInfo })));
}

const sgxLevel = (status: string) => ({
  tcbLevels: [platformLevel(status, [7, 7, 2], 13, [5, 1, 3])],
});

describe('a TD under an old module', () => {
  test('has to be launched again when the module that runs now is current', () => {
    expect(verified(oldTd([5, 1, 3])).tcb?.status).toBe('TDRelaunchAdvised');
  });

  test('and configured, when the platform needs that', () => {
    expect(verified(oldTd([5, 1, 3]), sgxLevel('ConfigurationNeeded')).tcb?.status).toBe('TDRelaunchAdvisedConfigurationNeeded');
  });

  test.each<[string, QuoteWishes, Json]>([
    ['the module is still old', oldTd([4, 1, 3]), {}],
    ['a component of the module is old', oldTd([5, 1, 2]), {}],
    ['the module that runs is not published', oldTd([5, 3, 3]), {}],
    ['the platform itself is old', oldTd([5, 1, 3]), sgxLevel('OutOfDate')],
    ['the quoting enclave is old', oldTd([5, 1, 3], { changeQe: (report) => report.writeUInt8(2, 258) }), {}],
  ])('is out of date when %s', (_, quote, info) => {
    expect(verified(quote, info).tcb?.status).toBe('OutOfDate');
  });

  test('of the first kind is compared with the newest level itself', () => {
    const levels = { tcbLevels: [platformLevel('UpToDate', [7], 13, [5, 0, 3]), platformLevel('OutOfDate', [7], 13, [2, 0, 2])] };
    const quote = (svn: number): QuoteWishes =>
      oldTd([], { changeSigned: (signed, at) => [0, 584].forEach((part, now) => signed.set([now === 0 ? 4 : svn, 0, 3], at + part)) });
    expect(verified(quote(5), levels).tcb?.status).toBe('TDRelaunchAdvised');
    expect(verified(quote(4), levels).tcb?.status).toBe('OutOfDate');
  });

  test('passes only by a policy that allows it, or old ones', () => {
    const given = quoteGiven(chains, mintQuote(chains, oldTd([5, 1, 3])), mintCollateral(chains));
    expect(reasonOf(tdxKind, given)).toBe('tcb-status');
    expect(reasonOf(tdxKind, given, { tcb_statuses: ['TDRelaunchAdvised'] })).toBeNull();
    expect(reasonOf(tdxKind, given, { tcb_statuses: ['OutOfDate'] })).toBeNull();
  });
});

test('a TD under a current module has nothing to be launched for', () => {
  expect(verified({ version: 5, bodyBytes: 648 }).tcb?.status).toBe('UpToDate');
});

test('a TD 1.0 cannot tell under which module it could run now', () => {
  expect(verified({ changeSigned: (signed, at) => signed.set([4], at) }).tcb?.status).toBe('OutOfDate');
});

test('a revoked level is never one to launch again for', () => {
  const modules = [
    {
      id: 'TDX_01',
      mrsigner: '00'.repeat(48),
      attributes: '00'.repeat(8),
      attributesMask: 'FF'.repeat(8),
      tcbLevels: [enclaveLevel('UpToDate', 5), enclaveLevel('Revoked', 2)],
    },
  ];
  expect(verified(oldTd([5, 1, 3]), { tdxModuleIdentities: modules }).tcb?.status).toBe('Revoked');
});
