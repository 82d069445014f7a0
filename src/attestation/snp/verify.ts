import { verify } from 'node:crypto';
import { CheckList, EvidenceError } from '../checks.ts';
import type { ReasonCode } from '../checks.ts';
import { defineKind } from '../evidence-kind.ts';
import type { Given } from '../evidence-kind.ts';
import type { RootName } from '../roots.ts';
import { appraiseSnpReport } from './appraise.ts';
import { checkEndorsement, readEndorsement } from './endorsement.ts';
import { snpPolicyShape } from './policy.ts';
import type { SnpPolicy } from './policy.ts';
import { demandZeroEnd, demandZeroPadding, productOfReport, readSnpReport, signatureOf, SIGNED_BYTES } from './report.ts';
import type { SnpReport } from './report.ts';
import { formatTcb, isSameTcb, readTcb } from './tcb.ts';
import type { SnpProduct } from './tcb.ts';
import type { SnpSigner, Vek } from './vek.ts';

const SIGNERS: Readonly<Partial<Record<number, SnpSigner>>> = { 0: 'vcek', 1: 'vlek' };
const TURIN_CHIP_ID_BYTES = 8;

/** Every check of a report, in the order in which they decide. */
export const SNP_CHECKS = {
  structure: ['malformed'],
  'signing-key': ['signer-kind'],
  'signer-allowed': ['signer-kind'],
  'vek-certificate': ['collateral-expired', 'untrusted-chain', 'malformed'],
  product: ['malformed'],
  'product-allowed': ['product-not-allowed'],
  root: ['untrusted-chain'],
  'vek-name': ['signer-kind'],
  'crl-signature': ['malformed', 'untrusted-chain'],
  'crl-window': ['collateral-expired'],
  chain: ['untrusted-chain', 'malformed'],
  'chain-validity': ['chain-expired'],
  revocation: ['revoked'],
  'vek-product': ['untrusted-chain', 'malformed'],
  tcb: ['tcb-mismatch', 'malformed'],
  chip: ['chip-mismatch', 'malformed'],
  'signature-padding': ['malformed'],
  'report-signature': ['bad-signature'],
  'report-end': ['malformed'],
  'report-data': ['nonce-mismatch'],
  measurement: ['measurement-not-allowed'],
  debug: ['debug-enabled'],
  vmpl: ['vmpl-not-allowed'],
  migration: ['migration-agent'],
  'minimum-tcb': ['tcb-too-old'],
  'minimum-launch-tcb': ['tcb-too-old'],
  'minimum-committed-tcb': ['tcb-too-old'],
  'minimum-firmware': ['tcb-too-old'],
  'guest-svn': ['tcb-too-old'],
  'host-data': ['measurement-not-allowed'],
  'id-key': ['measurement-not-allowed'],
  'author-key': ['measurement-not-allowed'],
  'family-id': ['measurement-not-allowed'],
  'image-id': ['measurement-not-allowed'],
  'guest-policy': ['tcb-status'],
  platform: ['tcb-status'],
  mitigations: ['tcb-status'],
} as const satisfies Readonly<Record<string, readonly ReasonCode[]>>;

/** The roots by product. */
const SNP_ROOTS: Readonly<Record<SnpProduct, RootName>> = { milan: 'amd-ark-milan', genoa: 'amd-ark-genoa', turin: 'amd-ark-turin' };

function isSigned(report: SnpReport, { certificate }: Vek): boolean {
  try {
    const { publicKey } = certificate;
    const isP384 = publicKey.asymmetricKeyType === 'ec' && publicKey.asymmetricKeyDetails?.namedCurve === 'secp384r1';
    const signed = report.bytes.subarray(0, SIGNED_BYTES);
    return isP384 && verify('sha384', signed, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signatureOf(report));
  } catch {
    // A certificate can be read whose key cannot.
    return false;
  }
}

function demandTcb(report: SnpReport, vek: Vek, product: SnpProduct): void {
  const reported = readTcb(report.tcb.reported, product);
  const certified = vek.tcb();
  if (isSameTcb(reported, certified)) return;
  const current = formatTcb(readTcb(report.tcb.current, product));
  throw new EvidenceError('tcb-mismatch', 'the endorsement key is of another TCB', {
    expected: `a key for the reported TCB ${formatTcb(reported)} (the current one is ${current})`,
    found: `a key for ${formatTcb(certified)}`,
  });
}

function demandChip(report: SnpReport, vek: Vek, product: SnpProduct): void {
  const expected = product === 'turin' ? report.chipId.subarray(0, TURIN_CHIP_ID_BYTES) : report.chipId;
  const found = vek.hardwareId();
  if (found === undefined) throw new EvidenceError('chip-mismatch', 'the certificate names no chip');
  if (found.length !== expected.length || (!report.isChipKeyMasked && !found.equals(expected)))
    throw new EvidenceError('chip-mismatch', 'the certificate is of another chip', { expected: expected.toString('hex'), found: found.toString('hex') });
}

/** Reports name their product from version 3 on; for older ones the endorsement key does. */
function productOf(report: SnpReport, vek: Vek | undefined): SnpProduct {
  const named = productOfReport(report);
  const product = named === undefined ? vek?.product() : named;
  if (product === undefined || product === null) throw new EvidenceError('malformed', 'neither report nor certificate names a known product');
  return product;
}

function checkProduct(list: CheckList, report: SnpReport | undefined, vek: Vek | undefined, policy: SnpPolicy): SnpProduct | undefined {
  const needsVek = report !== undefined && productOfReport(report) === undefined;
  const product = list.after('product', { structure: report, ...(needsVek ? { 'vek-certificate': vek } : {}) }, (it) => productOf(it.structure, vek));
  if (policy.products === undefined) list.notApplicable('product-allowed', 'the policy does not ask');
  else if (product === undefined) list.unknown('product-allowed', 'rests on what failed: product');
  else
    list.that('product-allowed', policy.products.includes(product), 'product-not-allowed', {
      expected: policy.products.join(' or ') || 'nothing',
      found: product,
    });
  return product;
}

/** Whether the endorsement fits this very report: product, TCB, chip. */
function checkFit(list: CheckList, report: SnpReport | undefined, vek: Vek | undefined, product: SnpProduct | undefined, signer: SnpSigner | undefined): void {
  const restsOn = { structure: report, 'vek-certificate': vek, product };
  list.after('vek-product', restsOn, (it) => {
    const named = it['vek-certificate'].product();
    if (named !== undefined && named !== it.product)
      throw new EvidenceError('untrusted-chain', 'the certificate is for another product', { expected: it.product, found: named ?? 'an unknown product' });
  });
  list.after('tcb', restsOn, (it) => demandTcb(it.structure, it['vek-certificate'], it.product));
  if (signer === 'vlek') list.notApplicable('chip', 'a VLEK belongs to no chip');
  else list.after('chip', { ...restsOn, 'signing-key': signer }, (it) => demandChip(it.structure, it['vek-certificate'], it.product));
}

function checkSigner(list: CheckList, report: SnpReport | undefined, { signers }: SnpPolicy): SnpSigner | undefined {
  const signer = list.after('signing-key', { structure: report }, ({ structure: { signingKey } }) => {
    const kind = SIGNERS[signingKey];
    if (kind === undefined) throw new EvidenceError('signer-kind', `signed by neither VCEK nor VLEK, but ${String(signingKey)}`);
    return kind;
  });
  if (signers === undefined) list.notApplicable('signer-allowed', 'the policy does not ask');
  else if (signer === undefined) list.unknown('signer-allowed', 'rests on what failed: signing-key');
  else list.that('signer-allowed', signers.includes(signer), 'signer-kind', { expected: signers.join(' or ') || 'nothing', found: signer });
  return signer;
}

/** All checks of one report. `expected` is what its report data must be; undefined: nothing was asked of it. */
export function checkSnpReport(list: CheckList, given: Given, bytes: Buffer, expected: Buffer | undefined, policy: SnpPolicy): void {
  const report = list.try('structure', () => readSnpReport(bytes));
  const signer = checkSigner(list, report, policy);
  const endorsement = list.after('vek-certificate', { structure: report }, (it) => readEndorsement(given, SIGNERS[it.structure.signingKey] ?? 'vcek'));
  const vek = endorsement?.vek;
  const product = checkProduct(list, report, vek, policy);
  const root = list.after('root', { product }, (it) => {
    const found = given.roots[SNP_ROOTS[it.product]];
    if (found === undefined) throw new EvidenceError('untrusted-chain', `there is no root for ${it.product}`);
    return found;
  });
  list.after('vek-name', { 'signing-key': signer, 'vek-certificate': vek }, (it) => {
    const found = it['vek-certificate'].signer;
    if (found !== it['signing-key'])
      throw new EvidenceError('signer-kind', 'the certificate is of another kind', { expected: it['signing-key'], found: found ?? 'neither VCEK nor VLEK' });
  });
  checkEndorsement(list, given, endorsement, root);
  checkFit(list, report, vek, product, signer);
  list.after('signature-padding', { structure: report }, (it) => demandZeroPadding(it.structure));
  list.after('report-signature', { structure: report, 'vek-certificate': vek }, (it) => {
    if (!isSigned(it.structure, it['vek-certificate'])) throw new EvidenceError('bad-signature', 'the endorsement key has not signed this report');
  });
  list.after('report-end', { structure: report }, (it) => demandZeroEnd(it.structure));
  if (expected === undefined) list.notApplicable('report-data', 'no challenge was given');
  else
    list.after('report-data', { structure: report }, ({ structure: { reportData } }) => {
      if (!reportData.equals(expected))
        throw new EvidenceError('nonce-mismatch', 'other report data', { expected: expected.toString('hex'), found: reportData.toString('hex') });
    });
  if (report !== undefined) appraiseSnpReport(list, report, product, policy);
}

/** An attestation report of AMD SEV-SNP, versions 2 to 5, of Milan, Genoa and Turin. */
export const snpKind = defineKind({
  inputs: ['vek', 'ask', 'crl', 'certificates'],
  challenge: 'reportData',
  roots: Object.values(SNP_ROOTS),
  checks: SNP_CHECKS,
  shape: snpPolicyShape,
  verify: (given, policy) => {
    const list = new CheckList();
    checkSnpReport(list, given, given.evidence, given.challenge.reportData, policy);
    return list;
  },
});
