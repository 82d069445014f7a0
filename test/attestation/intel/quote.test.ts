import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EvidenceError } from '../../../src/attestation/checks.ts';
import { readQuote } from '../../../src/attestation/intel/quote.ts';
import { sgxKind, tdxKind } from '../../../src/attestation/intel/quote-kinds.ts';
import { reasonOf } from '../verdict.ts';
import { mintCollateral, mintIntelChains, mintQuote, quoteGiven } from './mint-quote.ts';

const chains = mintIntelChains();
const collateral = mintCollateral(chains);
const sgxCollateral = mintCollateral(chains, { tee: 'sgx' });
const tdx = (quote: Buffer) => reasonOf(tdxKind, quoteGiven(chains, quote, collateral));
const sgx = (quote: Buffer) => reasonOf(sgxKind, quoteGiven(chains, quote, sgxCollateral));

function changed(quote: Buffer, change: (bytes: Buffer) => void): Buffer {
  const copy = Buffer.from(quote);
  change(copy);
  return copy;
}

describe('quotes that are accepted', () => {
  test.each([
    [4, 584],
    [5, 584],
    [5, 648],
  ] as const)('version %d with a TD report of %d bytes', (version, bodyBytes) => {
    expect(tdx(mintQuote(chains, { version, bodyBytes }))).toBeNull();
  });

  test.each([3, 4, 5] as const)('version %d with an enclave report', (version) => {
    expect(sgx(mintQuote(chains, { version, bodyBytes: 384 }))).toBeNull();
  });

  test('one in a larger buffer of zeros', () => {
    expect(tdx(mintQuote(chains, { behind: Buffer.alloc(3000) }))).toBeNull();
  });
});

describe('quotes that are malformed', () => {
  const v4 = mintQuote(chains);
  const v5 = mintQuote(chains, { version: 5 });
  const signatureAt = 48 + 584;

  test.each([
    ['nothing', Buffer.alloc(0)],
    ['a header alone', v4.subarray(0, 48)],
    ['one byte missing', v4.subarray(0, -1)],
    ['a byte behind it that is not zero', Buffer.concat([v4, Buffer.from([0, 0, 1])])],
    ['version 7', changed(v4, (bytes) => bytes.writeUInt16LE(7, 0))],
    ['version 3 of a TD', changed(v4, (bytes) => bytes.writeUInt16LE(3, 0))],
    ['an attestation key of another type', changed(v4, (bytes) => bytes.writeUInt16LE(3, 2))],
    ['a TEE that is not known', changed(v4, (bytes) => bytes.writeUInt32LE(0x82, 4))],
    ['a quoting enclave of another vendor', changed(v4, (bytes) => bytes.writeUInt8(0, 12))],
    ['a body type that does not fit its size', changed(v5, (bytes) => bytes.writeUInt16LE(3, 48))],
    ['a body type that is not known', changed(v5, (bytes) => bytes.writeUInt16LE(4, 48))],
    ['a body type of the other TEE', changed(v5, (bytes) => bytes.writeUInt32LE(0, 4))],
    ['a body size that lies', changed(v5, (bytes) => bytes.writeUInt32LE(0xffff_ffff, 50))],
    ['signature data longer than the quote', changed(v4, (bytes) => bytes.writeUInt32LE(0xffff_ffff, signatureAt))],
    ['signature data that ends early', changed(v4, (bytes) => bytes.writeUInt32LE(bytes.readUInt32LE(signatureAt) - 1, signatureAt))],
    ['a certification of another type', changed(v4, (bytes) => bytes.writeUInt16LE(5, signatureAt + 132))],
    ['a certification whose size lies', changed(v4, (bytes) => bytes.writeUInt32LE(10, signatureAt + 134))],
    ['certification data of another type', mintQuote(chains, { certification: Buffer.from([1, 0, 0, 0, 0, 0]) })],
    ['bytes behind the certificates', mintQuote(chains, { certification: Buffer.from([5, 0, 1, 0, 0, 0, 65, 66]) })],
    ['more than a megabyte', Buffer.concat([v4, Buffer.alloc(1_048_576)])],
  ])('%s', (_, bytes) => {
    expect(tdx(bytes)).toBe('malformed');
  });

  test('certificates that cannot be read lead to no root', () => {
    expect(tdx(mintQuote(chains, { certification: Buffer.from([5, 0, 1, 0, 0, 0, 65]) }))).toBe('untrusted-chain');
  });

  test('a quote of the other TEE', () => {
    expect(tdx(mintQuote(chains, { bodyBytes: 384 }))).toBe('malformed');
    expect(sgx(mintQuote(chains))).toBe('malformed');
  });
});

test('any bytes are a quote or an EvidenceError, never another error', () => {
  const start = mintQuote(chains).subarray(0, 700);
  fc.assert(
    fc.property(fc.nat(start.length), fc.uint8Array({ maxLength: 200 }), (at, bytes) => {
      expect(() => readQuote(Buffer.concat([start.subarray(0, at), bytes]))).toThrow(EvidenceError);
    }),
  );
});
