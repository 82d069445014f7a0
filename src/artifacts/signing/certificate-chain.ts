import type { X509Certificate } from 'node:crypto';
import { DerError } from '../../core/der.ts';
import { CODE_SIGNING, readExtensions } from './certificate-extensions.ts';
import type { CertificateExtensions } from './certificate-extensions.ts';

/** Certificates from the leaf to the root at most. */
export const MAX_CHAIN = 8;
/** Signatures that are verified while a chain is looked for. */
const MAX_VERIFICATIONS = 64;

const MIN_RSA_BITS = 2048;
/** MD2, MD4, MD5 and SHA-1 with RSA, SHA-1 with ECDSA and DSA. */
const WEAK_ALGORITHMS: readonly string[] = ['2', '3', '4', '5']
  .map((last) => `1.2.840.113549.1.1.${last}`)
  .concat('1.2.840.10045.4.1', '1.2.840.10040.4.3', '1.3.14.3.2.29');

/** The chain, the leaf first and the root last, or why there is none. */
export type ChainAnswer = { readonly chain: readonly X509Certificate[] } | { readonly problem: string };

/** Both ends of its validity, in milliseconds since the Unix epoch. */
export function validityOf(certificate: X509Certificate): { readonly fromMs: number; readonly toMs: number } {
  return { fromMs: Date.parse(certificate.validFrom), toMs: Date.parse(certificate.validTo) };
}

export function subjectOf(certificate: X509Certificate): string {
  return certificate.subject.replaceAll('\n', ', ');
}

function isIn(certificate: X509Certificate, list: readonly X509Certificate[]): boolean {
  return list.some(({ raw }) => raw.equals(certificate.raw));
}

function hasSigned(issuer: X509Certificate, certificate: X509Certificate): boolean {
  try {
    return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
  } catch {
    return false;
  }
}

/** Not by `checkIssued`, which wants a certificate that may sign others: a leaf that is trusted itself need not. */
function isSelfSigned(certificate: X509Certificate): boolean {
  try {
    return certificate.subject === certificate.issuer && certificate.verify(certificate.publicKey);
  } catch {
    return false;
  }
}

/** Looks for a way from the leaf to a self-signed root, deeper first. The number of steps is bounded, whatever the certificates are. */
class ChainSearch {
  readonly #candidates: readonly X509Certificate[];
  readonly #roots: readonly X509Certificate[];
  #left = MAX_VERIFICATIONS;

  constructor(intermediates: readonly X509Certificate[], roots: readonly X509Certificate[]) {
    this.#roots = roots;
    this.#candidates = [...roots, ...intermediates.filter((certificate) => !isIn(certificate, roots))];
  }

  from(path: readonly X509Certificate[]): readonly X509Certificate[] | undefined {
    const last = path.at(-1);
    if (last === undefined) return undefined;
    if (isIn(last, this.#roots) && isSelfSigned(last)) return path;
    if (path.length >= MAX_CHAIN) return undefined;
    for (const issuer of this.#candidates) {
      if (isIn(issuer, path) || !issuer.ca || !this.#signed(issuer, last)) continue;
      const found = this.from([...path, issuer]);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #signed(issuer: X509Certificate, certificate: X509Certificate): boolean {
    if (!certificate.checkIssued(issuer)) return false;
    this.#left -= 1;
    return this.#left >= 0 && hasSigned(issuer, certificate);
  }
}

/** What is wrong with one certificate of a chain; undefined: nothing. */
function faultOf(chain: readonly X509Certificate[], at: number, extensions: CertificateExtensions, timeMs: number): string | undefined {
  const certificate = chain[at];
  if (certificate === undefined) return undefined;
  const { fromMs, toMs } = validityOf(certificate);
  if (!(fromMs <= timeMs && timeMs <= toMs)) return `not valid at ${new Date(timeMs).toISOString()}, when the leaf begins`;
  if (extensions.unknownCritical.length > 0) return `critical extension ${extensions.unknownCritical.join(', ')}`;
  // A root is trusted as it is: nobody relies on its own signature.
  if (at < chain.length - 1 && WEAK_ALGORITHMS.includes(extensions.signatureAlgorithm)) return 'signed with a hash that is broken';
  const { asymmetricKeyType, asymmetricKeyDetails } = certificate.publicKey;
  if (asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) < MIN_RSA_BITS) return 'an RSA key of less than 2048 bits';
  if (at > 0 && extensions.keyUsage?.keyCertSign === false) return 'its key may not sign certificates';
  // Certificates that a CA issued to itself do not count (RFC 5280, section 4.2.1.9).
  const below = chain.slice(1, at).filter(({ subject, issuer }) => subject !== issuer).length;
  if (at > 0 && extensions.pathLength !== null && below > extensions.pathLength) return 'more certificates below it than it allows';
  return undefined;
}

function mayNotSign({ keyUsage, extendedUsages }: CertificateExtensions): boolean {
  return keyUsage?.digitalSignature !== true && extendedUsages?.includes(CODE_SIGNING) !== true;
}

/**
 * The chain from a leaf to one of the given roots. Every certificate must be valid when the leaf begins to be: that is the time the
 * reference implementation verifies at, and nothing shows when a signature was made. There is no revocation.
 */
export function buildChain(leaf: X509Certificate, intermediates: readonly X509Certificate[], roots: readonly X509Certificate[]): ChainAnswer {
  if (intermediates.length > MAX_CHAIN) return { problem: `more than ${String(MAX_CHAIN)} certificates` };
  const chain = new ChainSearch(intermediates, roots).from([leaf]);
  if (chain === undefined) return { problem: `no way from ${subjectOf(leaf)} to a given root` };
  try {
    for (const [at, certificate] of chain.entries()) {
      const fault = faultOf(chain, at, readExtensions(certificate), validityOf(leaf).fromMs);
      if (fault !== undefined) return { problem: `${subjectOf(certificate)}: ${fault}` };
    }
    return { chain };
  } catch (error) {
    if (error instanceof DerError) return { problem: error.message };
    throw error;
  }
}

/** Why a leaf's key may not sign: neither KeyUsage digitalSignature nor code signing. Undefined: it may. */
export function usageFault(leaf: X509Certificate): string | undefined {
  try {
    return mayNotSign(readExtensions(leaf)) ? 'neither digitalSignature nor codeSigning' : undefined;
  } catch (error) {
    if (error instanceof DerError) return error.message;
    throw error;
  }
}
