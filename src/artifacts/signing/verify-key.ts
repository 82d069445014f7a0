import { createHash, X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { VerificationMaterial } from './bundle.ts';
import { buildChain, MAX_CHAIN, subjectOf, usageFault, validityOf } from './certificate-chain.ts';
import { shown } from './check-report.ts';
import type { CheckReport } from './check-report.ts';
import { ALLOWED_CURVES, curveOf } from './curves.ts';
import { keyHintOf } from './key-hint.ts';
import type { VerifiedSigner } from './signer.ts';
import type { CertificateTrust, KeyTrust } from './trust.ts';

/** A key that a signature may now be tried with. */
export interface TrustedKey {
  readonly key: KeyObject;
  readonly signer: VerifiedSigner;
}

type KeyMaterial = Extract<VerificationMaterial, { method: 'key' }>;
type CertificateMaterial = Extract<VerificationMaterial, { method: 'certificate' }>;

function isUsable(key: KeyObject, report: CheckReport): boolean {
  return report.that('key', curveOf(key) !== undefined, {
    expected: ALLOWED_CURVES,
    found: curveOf(key)?.name ?? key.asymmetricKeyDetails?.namedCurve ?? key.asymmetricKeyType ?? 'no public key',
  });
}

/** Trusts the caller's key alone: the one that a bundle may carry is only compared with it. */
export function trustOfKey({ hint, rawKey }: KeyMaterial, { publicKey }: KeyTrust, report: CheckReport): TrustedKey | null {
  if (!isUsable(publicKey, report)) return null;
  const expected = keyHintOf(publicKey);
  if (hint !== null && hint !== '') {
    if (!report.that('trust', hint === expected, { expected, found: shown(hint) })) return null;
  } else {
    const isLegacy = hint === null && rawKey !== null && createHash('sha256').update(rawKey).digest('hex') === expected;
    if (!report.finding(isLegacy ? 'key-hint-legacy' : 'key-hint-missing', isLegacy ? 'it is the given one' : 'the given key is tried')) return null;
    report.that('trust', true, { expected, found: 'no hint' });
  }
  return {
    key: publicKey,
    signer: { method: 'key', keyHint: expected, curve: curveOf(publicKey)?.name ?? null, subject: null, certificate: null, issuer: null },
  };
}

function parseCertificates(certificates: readonly Buffer[]): readonly X509Certificate[] | undefined {
  if (certificates.length > MAX_CHAIN) return undefined;
  try {
    return certificates.map((der) => new X509Certificate(der));
  } catch {
    return undefined;
  }
}

/** The caller's rules about a chain that holds; false when one of them is broken. */
function demandPinned(leaf: X509Certificate, pin: string, { pins }: CertificateTrust, report: CheckReport): boolean {
  if (pins === undefined) return report.finding('certificate-unpinned', `${subjectOf(leaf)}, ${pin}`);
  return report.that('pin', pins.includes(pin), { expected: pins.join(', '), found: pin });
}

/** Trusts the leaf's key when a chain leads from it to a given root. `atMs` is the clock for the end of certificates. */
export function trustOfChain(material: CertificateMaterial, trust: CertificateTrust, atMs: number, report: CheckReport): TrustedKey | null {
  const [leaf, ...intermediates] = parseCertificates(material.certificates) ?? [];
  if (leaf === undefined) return report.fail('trust', { found: `a certificate that cannot be read, or more than ${String(MAX_CHAIN)}` });
  const answer = buildChain(leaf, intermediates, trust.roots);
  if ('problem' in answer) return report.fail('trust', { expected: 'a chain to a given root', found: answer.problem });
  report.that('trust', true, { found: answer.chain.map(subjectOf).join(' <- ') });
  const fault = usageFault(leaf);
  if (!report.that('key-usage', fault === undefined, { expected: 'digitalSignature or codeSigning', found: fault })) return null;
  if (!isUsable(leaf.publicKey, report)) return null;
  const pin = createHash('sha256').update(leaf.raw).digest('hex');
  if (!demandPinned(leaf, pin, trust, report)) return null;
  const over = answer.chain.find((certificate) => !(validityOf(certificate).fromMs <= atMs && atMs <= validityOf(certificate).toMs));
  if (over !== undefined && !report.finding('certificate-expired', `${subjectOf(over)}, ${over.validFrom} to ${over.validTo}`)) return null;
  return {
    key: leaf.publicKey,
    signer: {
      method: 'certificate',
      keyHint: keyHintOf(leaf.publicKey),
      curve: curveOf(leaf.publicKey)?.name ?? null,
      subject: subjectOf(leaf),
      certificate: pin,
      issuer: null,
    },
  };
}
