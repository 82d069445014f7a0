import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readQuote } from '../../../src/attestation/intel/quote.ts';
import { sgxKind, tdxKind } from '../../../src/attestation/intel/quote-kinds.ts';
import { reasonOf } from '../verdict.ts';
import { mintCollateral, mintIntelChains, mintQuote, quoteGiven } from './mint-quote.ts';

const chains = mintIntelChains();
const collateral = mintCollateral(chains);

function verdict(quote: Buffer): string | null {
  return reasonOf(tdxKind, quoteGiven(chains, quote, collateral));
}

function flipped(bytes: Buffer, bit: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
}

describe('no key vouches for another', () => {
  test('a key that the quoting enclave does not bind', () => {
    expect(verdict(mintQuote(chains, { boundKey: Buffer.alloc(64, 1) }))).toBe('bad-signature');
  });

  test('32 bytes behind the bound digest that are not zero', () => {
    expect(verdict(mintQuote(chains, { changeQe: (report) => report.writeUInt8(1, 383) }))).toBe('bad-signature');
  });

  test('a report of the quoting enclave that another PCK key has signed', () => {
    const other = mintIntelChains();
    expect(verdict(mintQuote({ ...chains, pck: { ...chains.pck, keys: other.pck.keys } }))).toBe('bad-signature');
  });

  test('a quote that another key than the one in it has signed', () => {
    const quote = mintQuote(chains);
    const other = mintQuote({ ...chains, attestationKeys: mintIntelChains().attestationKeys });
    other.copy(quote, 48 + 584 + 4, 48 + 584 + 4, 48 + 584 + 4 + 64);
    expect(verdict(quote)).toBe('bad-signature');
  });

  test('a key that is no point of the curve', () => {
    const quote = mintQuote(chains, { boundKey: Buffer.alloc(64) });
    quote.fill(0, 48 + 584 + 4 + 64, 48 + 584 + 4 + 128);
    expect(verdict(quote)).toBe('bad-signature');
  });
});

describe('flipping one bit', () => {
  const policies = {
    tdx: { kind: tdxKind, collateral, bodyBytes: 648 },
    sgx: { kind: sgxKind, collateral: mintCollateral(chains, { tee: 'sgx' }), bodyBytes: 384 },
  };

  test.each(['tdx', 'sgx'] as const)('of anything up to the certificates of a %s quote never passes', (tee) => {
    const { kind, collateral: by, bodyBytes } = policies[tee];
    const quote = mintQuote(chains, { version: 5, bodyBytes });
    expect(reasonOf(kind, quoteGiven(chains, quote, by))).toBeNull();
    const certificatesAt = quote.indexOf('-----BEGIN');
    fc.assert(
      fc.property(fc.nat(certificatesAt * 8 - 1), (bit) => {
        expect(reasonOf(kind, quoteGiven(chains, flipped(quote, bit), by))).not.toBeNull();
      }),
      { numRuns: 150 },
    );
  });

  test('of the certificates passes only where nothing is read from', () => {
    const quote = mintQuote(chains);
    const certificatesAt = quote.indexOf('-----BEGIN');
    const read = (bytes: Buffer) => readQuote(bytes).pckChain.map(({ fingerprint256 }) => fingerprint256);
    fc.assert(
      fc.property(fc.integer({ min: certificatesAt * 8, max: quote.length * 8 - 1 }), (bit) => {
        const other = flipped(quote, bit);
        // Text between the certificates is nobody's, and the root is the pinned one anyway.
        if (verdict(other) === null) expect(read(other).slice(0, 2)).toEqual(read(quote).slice(0, 2));
      }),
      { numRuns: 150 },
    );
  });

  test('of the zeros behind a quote is malformed', () => {
    const quote = mintQuote(chains, { behind: Buffer.alloc(100) });
    fc.assert(
      fc.property(fc.nat(799), (bit) => {
        expect(verdict(flipped(quote, (quote.length - 100) * 8 + bit))).toBe('malformed');
      }),
      { numRuns: 50 },
    );
  });

  test('of a signed document of the collateral never passes', () => {
    const file = JSON.parse(collateral.toString('utf8')) as Record<'tcb_info' | 'qe_identity', string>;
    const quote = mintQuote(chains);
    fc.assert(
      fc.property(fc.constantFrom('tcb_info' as const, 'qe_identity' as const), fc.nat(), fc.nat(6), (name, at, bit) => {
        const text = Buffer.from(file[name]);
        const edited = flipped(text, (at % text.length) * 8 + bit).toString('latin1');
        const given = quoteGiven(chains, quote, Buffer.from(JSON.stringify({ ...file, [name]: edited })));
        expect(reasonOf(tdxKind, given)).toBe('collateral-signature');
      }),
      { numRuns: 100 },
    );
  });
});
