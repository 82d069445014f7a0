import type { X509Certificate } from 'node:crypto';
import { EvidenceError } from '../checks.ts';

const MAX_CERTIFICATES = 10;

/** notBefore and notAfter in milliseconds since the Unix epoch. */
export function validityOf(certificate: X509Certificate): { readonly fromMs: number; readonly toMs: number } {
  return { fromMs: certificate.validFromDate.getTime(), toMs: certificate.validToDate.getTime() };
}

function isSame(a: X509Certificate, b: X509Certificate): boolean {
  return a.raw.equals(b.raw);
}

/** Certificate -> who was found to have signed it. Neither can change; a root is asked for in every chain of a piece of evidence. */
const signers = new WeakMap<X509Certificate, WeakSet<X509Certificate>>();

/** Whether `issuer` is a CA that has signed `certificate`. `checkIssued` alone compares names and proves nothing. */
function hasSigned(issuer: X509Certificate, certificate: X509Certificate): boolean {
  const known = signers.get(certificate);
  if (known?.has(issuer) === true) return true;
  try {
    if (!issuer.ca || !certificate.checkIssued(issuer) || !certificate.verify(issuer.publicKey)) return false;
  } catch {
    return false;
  }
  if (known === undefined) signers.set(certificate, new WeakSet([issuer]));
  else known.add(issuer);
  return true;
}

/** Roots that were found to sign themselves: the same object again needs no second look. */
const selfSigned = new WeakSet<X509Certificate>();

function signsItself(root: X509Certificate): boolean {
  if (selfSigned.has(root)) return true;
  if (!hasSigned(root, root)) return false;
  selfSigned.add(root);
  return true;
}

/**
 * The path of a leaf to a pinned root, the leaf first and the root last: each certificate is signed by the next, and the root by
 * itself. A root among the supplied certificates is a candidate only; the pinned one decides. EvidenceError `untrusted-chain`.
 */
export function chainTo(supplied: readonly X509Certificate[], root: X509Certificate): readonly X509Certificate[] {
  const path = [...supplied.filter((certificate) => !isSame(certificate, root)), root];
  if (path.length > MAX_CERTIFICATES) throw new EvidenceError('untrusted-chain', `more than ${String(MAX_CERTIFICATES)} certificates`);
  const broken = path.find((certificate, at) => !(certificate === root ? signsItself(root) : hasSigned(path[at + 1] ?? root, certificate)));
  if (broken !== undefined) throw new EvidenceError('untrusted-chain', `${broken.subject.replaceAll('\n', ', ')} is not signed by who follows it`);
  return path;
}

/** EvidenceError `chain-expired` unless every certificate is valid at the clock. */
export function demandValidAt(path: readonly X509Certificate[], clockMs: number): void {
  const expired = path.find((certificate) => {
    const { fromMs, toMs } = validityOf(certificate);
    return !(fromMs <= clockMs && clockMs <= toMs);
  });
  if (expired === undefined) return;
  const { validFrom, validTo, subject } = expired;
  throw new EvidenceError('chain-expired', `${subject.replaceAll('\n', ', ')} is valid from ${validFrom} to ${validTo}`);
}
