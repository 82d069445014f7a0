import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Given } from '../../../src/attestation/evidence-kind.ts';
import { snpKind } from '../../../src/attestation/snp/verify.ts';
import { verifyEvidence } from '../../../src/attestation/verify-evidence.ts';
import { CLOCK_MS, FROM_MS, mintCertificate, mintRevocationList, TO_MS } from '../mint-certificates.ts';
import { CHIP, MEASUREMENT, mintReport, mintSnpChain, mintVek, productExtension, rootsOf, signReport, snpGiven, vekExtensions } from '../mint-snp.ts';
import type { Product, SnpChain } from '../mint-snp.ts';

const POLICY = { measurements: [MEASUREMENT], max_vmpl: 0 };

function reasonFor(given: Given, policy: unknown = POLICY): string | null {
  return verifyEvidence(snpKind, snpKind.parsePolicy(policy), given).reason;
}

function outcomes(given: Given, policy: unknown = POLICY): Record<string, string> {
  const { list } = verifyEvidence(snpKind, snpKind.parsePolicy(policy), given);
  return Object.fromEntries(list.checks.map(({ name, outcome }) => [name, outcome]));
}

const chains = {} as Record<Product, SnpChain>;

beforeAll(() => {
  for (const product of ['milan', 'genoa', 'turin'] as const) chains[product] = mintSnpChain(product);
});

/** A genuine report with one thing changed before it is signed. */
function changed(change: (report: Buffer) => void, product: Product = 'genoa'): Given {
  return snpGiven(mintReport(product, chains[product].vek.keys, change), chains[product]);
}

describe.each(['milan', 'genoa', 'turin'] as const)('%s', (product) => {
  test('a genuine report is accepted, and every check of it passed or did not apply', () => {
    const given = changed(() => undefined, product);
    expect(reasonFor(given)).toBeNull();
    expect(Object.values(outcomes(given)).filter((outcome) => outcome !== 'pass' && outcome !== 'not-applicable')).toEqual([]);
  });

  test('no report with one bit changed is accepted', () => {
    const { evidence, ...rest } = changed(() => undefined, product);
    fc.assert(
      fc.property(fc.nat({ max: evidence.length * 8 - 1 }), (bit) => {
        const flipped = Buffer.from(evidence);
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(reasonFor({ evidence: flipped, ...rest }, {})).not.toBeNull();
      }),
      { numRuns: 150 },
    );
  });

  test('every reported level must be the one of the certificate', () => {
    for (const at of product === 'turin' ? [0, 1, 2, 3, 7] : [0, 1, 6, 7])
      expect(reasonFor(changed((report) => report.writeUInt8(0xee, 0x180 + at), product))).toBe('tcb-mismatch');
  });

  test('the chip must be the one of the certificate', () => {
    expect(reasonFor(changed((report) => report.writeUInt8(1, 0x1a0), product))).toBe('chip-mismatch');
  });
});

describe('structure', () => {
  test.each([
    ['nothing', Buffer.alloc(0)],
    ['one byte less', Buffer.alloc(0x49f)],
    ['zeros', Buffer.alloc(0x4a0)],
    ['one byte more', Buffer.alloc(0x4a1)],
  ])('%s', (_, evidence) => {
    expect(reasonFor(snpGiven(evidence, chains.genoa))).toBe('malformed');
  });

  test.each([
    ['version 1', (report: Buffer) => report.writeUInt32LE(1, 0)],
    ['version 6', (report: Buffer) => report.writeUInt32LE(6, 0)],
    ['another algorithm', (report: Buffer) => report.writeUInt32LE(2, 0x34)],
    ['bit 17 of the guest policy', (report: Buffer) => report.writeUInt8(0, 0x0a)],
    ['a family that is not known', (report: Buffer) => report.writeUInt8(0x17, 0x188)],
    ['a model that is not known', (report: Buffer) => report.writeUInt8(0x90, 0x189)],
  ])('%s', (_, change) => {
    expect(reasonFor(changed(change))).toBe('malformed');
  });

  test('the unsigned places: behind r, behind s, behind the signature', () => {
    for (const at of [0x2d0, 0x2e7, 0x318, 0x32f, 0x330, 0x49f]) {
      const given = changed(() => undefined);
      given.evidence[at] = 1;
      expect(reasonFor(given)).toBe('malformed');
    }
  });
});

describe('who signed', () => {
  test('a signing key that is neither VCEK nor VLEK', () => {
    for (const kind of [2, 6, 7]) expect(reasonFor(changed((report) => report.writeUInt32LE(kind << 2, 0x48)))).toBe('signer-kind');
  });

  test('a report that says VLEK with a certificate that says VCEK', () => {
    expect(reasonFor(changed((report) => report.writeUInt32LE(1 << 2, 0x48)))).toBe('signer-kind');
  });

  test('a VLEK belongs to no chip; a policy may leave it out', () => {
    const vek = mintVek('genoa', chains.genoa.between, { name: 'SEV-VLEK', extensions: vekExtensions('genoa').slice(0, -1) });
    const report = mintReport('genoa', vek.keys, (bytes) => {
      bytes.writeUInt32LE(1 << 2, 0x48);
      bytes.fill(0, 0x1a0, 0x1e0);
    });
    const given = snpGiven(report, { ...chains.genoa, vek });
    expect(reasonFor(given)).toBeNull();
    expect(outcomes(given)['chip']).toBe('not-applicable');
    expect(reasonFor(given, { ...POLICY, signers: ['vcek'] })).toBe('signer-kind');
    expect(reasonFor(given, { ...POLICY, signers: [] })).toBe('signer-kind');
  });

  test('an intermediate key of the other kind below a root that names its product', () => {
    const root = mintCertificate({ name: 'ARK-Genoa' });
    for (const [name, expected] of [
      ['SEV-Genoa', null],
      ['SEV-VLEK-Genoa', 'untrusted-chain'],
      ['SEV-Milan', 'untrusted-chain'],
    ] as const) {
      const between = mintCertificate({ name, issuer: root });
      const chain = { root, between, vek: mintVek('genoa', between) };
      expect([name, reasonFor(snpGiven(mintReport('genoa', chain.vek.keys), chain))]).toEqual([name, expected]);
    }
  });

  test('another key, the halves exchanged, all zeros', () => {
    const other = generateKeyPairSync('ec', { namedCurve: 'P-384' });
    expect(reasonFor(snpGiven(mintReport('genoa', other), chains.genoa))).toBe('bad-signature');
    const given = changed(() => undefined);
    const r = Buffer.from(given.evidence.subarray(0x2a0, 0x2d0));
    given.evidence.copy(given.evidence, 0x2a0, 0x2e8, 0x318);
    r.copy(given.evidence, 0x2e8);
    expect(reasonFor(given)).toBe('bad-signature');
    given.evidence.fill(0, 0x2a0);
    expect(reasonFor(given)).toBe('bad-signature');
  });

  test('a certificate with a key of another curve', () => {
    const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const vek = mintVek('genoa', chains.genoa.between, { keys });
    expect(reasonFor(snpGiven(mintReport('genoa', chains.genoa.vek.keys), { ...chains.genoa, vek }))).toBe('bad-signature');
  });
});

describe('the chain', () => {
  test('another root, none, and one that only came along', () => {
    const given = changed(() => undefined);
    expect(reasonFor({ ...given, roots: rootsOf(mintSnpChain('genoa')) })).toBe('untrusted-chain');
    expect(reasonFor({ ...given, roots: {} })).toBe('untrusted-chain');
    const { root, between } = chains.genoa;
    const both = Buffer.from(between.certificate.toString() + root.certificate.toString());
    expect(reasonFor({ ...given, inputs: { ...given.inputs, ask: both } })).toBeNull();
    expect(reasonFor({ ...given, inputs: { ...given.inputs, ask: both }, roots: rootsOf(mintSnpChain('genoa')) })).toBe('untrusted-chain');
  });

  test('a key that the root has signed itself, and one certificate too many', () => {
    const vek = mintCertificate({ name: 'SEV-VCEK', issuer: chains.genoa.root, isCa: false, extensions: vekExtensions('genoa') });
    const given = snpGiven(mintReport('genoa', vek.keys), { ...chains.genoa, vek });
    expect(reasonFor({ ...given, inputs: { vek: vek.certificate.raw } })).toBe('untrusted-chain');
    const lower = mintCertificate({ name: 'lower', issuer: chains.genoa.between });
    const below = mintVek('genoa', lower);
    const ask = Buffer.from(lower.certificate.toString() + chains.genoa.between.certificate.toString());
    const long = snpGiven(mintReport('genoa', below.keys), { ...chains.genoa, vek: below });
    expect(reasonFor({ ...long, inputs: { vek: below.certificate.raw, ask } })).toBe('untrusted-chain');
  });

  test('a certificate that cannot be read, and one that was not given', () => {
    const given = changed(() => undefined);
    expect(reasonFor({ ...given, inputs: { ...given.inputs, vek: Buffer.alloc(9, 0x30) } })).toBe('untrusted-chain');
    expect(reasonFor({ ...given, inputs: { ...given.inputs, ask: Buffer.from('x') } })).toBe('untrusted-chain');
    expect(reasonFor({ ...given, inputs: {} })).toBe('collateral-expired');
  });

  test('no bit of the certificate can be changed', () => {
    const given = changed(() => undefined);
    const der = chains.genoa.vek.certificate.raw;
    fc.assert(
      fc.property(fc.nat({ max: der.length * 8 - 1 }), (bit) => {
        const vek = Buffer.from(der);
        vek[bit >> 3] = (vek[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(reasonFor({ ...given, inputs: { ...given.inputs, vek } }, {})).not.toBeNull();
      }),
      { numRuns: 150 },
    );
  });

  test('outside of the validity', () => {
    const given = changed(() => undefined);
    expect(reasonFor({ ...given, clockMs: FROM_MS - 1000 })).toBe('chain-expired');
    expect(reasonFor({ ...given, clockMs: TO_MS + 1000 })).toBe('chain-expired');
  });
});

describe('the revocation list', () => {
  const given = (crl: Buffer): Given => {
    const base = changed(() => undefined);
    return { ...base, inputs: { ...base.inputs, crl } };
  };

  test('of the root names intermediate and endorsement keys', () => {
    const { root, between } = chains.genoa;
    expect(reasonFor(given(mintRevocationList({ issuer: root })))).toBeNull();
    expect(reasonFor(given(mintRevocationList({ issuer: root, revoked: [2n] })))).toBe('revoked');
    expect(reasonFor(given(mintRevocationList({ issuer: root, revoked: [3n] })))).toBe('revoked');
    expect(reasonFor(given(mintRevocationList({ issuer: between })))).toBe('untrusted-chain');
    expect(reasonFor(given(mintRevocationList({ issuer: root, toMs: CLOCK_MS - 1000 })))).toBe('collateral-expired');
    expect(reasonFor(given(Buffer.from('none')))).toBe('malformed');
  });

  test('that is old still revokes where the policy lets old ones pass', () => {
    const policy = { ...POLICY, factors: { 'collateral-expired': 'allowed' } };
    const { root } = chains.genoa;
    expect(reasonFor(given(mintRevocationList({ issuer: root, toMs: CLOCK_MS - 1000 })), policy)).toBeNull();
    expect(reasonFor(given(mintRevocationList({ issuer: root, toMs: CLOCK_MS - 1000, revoked: [3n] })), policy)).toBe('revoked');
  });
});

describe('chip and product', () => {
  test('a certificate without a chip', () => {
    const vek = mintVek('genoa', chains.genoa.between, { extensions: vekExtensions('genoa').slice(0, -1) });
    expect(reasonFor(snpGiven(mintReport('genoa', vek.keys), { ...chains.genoa, vek }))).toBe('chip-mismatch');
  });

  test('a masked chip', () => {
    const mask = (report: Buffer): void => {
      report.writeUInt32LE(2, 0x48);
      report.fill(0, 0x1a0, 0x1e0);
    };
    expect(reasonFor(changed(mask))).toBeNull();
  });

  test('a level that the certificate leaves out', () => {
    const vek = mintVek('genoa', chains.genoa.between, { extensions: vekExtensions('genoa').slice(1) });
    expect(reasonFor(snpGiven(mintReport('genoa', vek.keys), { ...chains.genoa, vek }))).toBe('tcb-mismatch');
  });

  test('version 2 takes the product of the certificate, later ones must agree with it', () => {
    const named = (name: string): SnpChain => ({
      ...chains.milan,
      vek: mintVek('milan', chains.milan.between, { extensions: vekExtensions('milan', [productExtension(name)]) }),
    });
    const reason = (name: string, version: number): string | null => {
      const chain = named(name);
      return reasonFor(snpGiven(mintReport('milan', chain.vek.keys, undefined, version), chain));
    };
    expect([reason('Milan-B0', 2), reason('Milan', 3), reason('Milan-B0', 4)]).toEqual([null, null, null]);
    expect(reason('Rome', 2)).toBe('malformed');
    expect(reason('Genoa', 3)).toBe('untrusted-chain');
    expect(reasonFor(snpGiven(mintReport('milan', chains.milan.vek.keys, undefined, 2), chains.milan))).toBe('malformed');
  });

  test('a product that the policy leaves out', () => {
    const given = changed(() => undefined);
    expect(reasonFor(given, { ...POLICY, products: ['turin'] })).toBe('product-not-allowed');
    expect(reasonFor(given, { ...POLICY, products: [] })).toBe('product-not-allowed');
    expect(reasonFor(given, { ...POLICY, products: ['genoa'] })).toBeNull();
  });
});

test('all that is wrong is shown at once, and what could not be checked is unknown', () => {
  const given = changed((report) => {
    report.writeUInt32LE(2, 0x30);
    report.fill(0x33, 0x90, 0xc0);
  });
  const found = outcomes({ ...given, roots: {} });
  expect(found).toMatchObject({ root: 'fail', chain: 'unknown', tcb: 'pass', chip: 'pass', 'report-signature': 'pass', measurement: 'fail', vmpl: 'fail' });
});

test('the chip id is compared whole', () => {
  expect(CHIP.length).toBe(64);
  const report = mintReport('genoa', chains.genoa.vek.keys);
  report.writeUInt8(0, 0x1df);
  expect(reasonFor(snpGiven(signReport(report, chains.genoa.vek.keys), chains.genoa))).toBe('chip-mismatch');
});
