import { createPublicKey, X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { ElulmcError } from '../../core/errors.ts';

/** Somebody's public key; whoever has its other half has signed. */
export interface KeyTrust {
  readonly method: 'key';
  readonly publicKey: KeyObject;
}

/** Certificates that end in a given root. The roots of the system are never used. */
export interface CertificateTrust {
  readonly method: 'certificate';
  /** The chain must end in a self-signed one of these; others among them help to get there. */
  readonly roots: readonly X509Certificate[];
  /** SHA-256 of the DER of leaf certificates in lower-case hex: only these may have signed. */
  readonly pins?: readonly string[] | undefined;
}

/** A person or workflow that signed without a key of its own (Sigstore), verified without network. */
export interface KeylessTrust {
  readonly method: 'sigstore';
  /** Subject alternative name of the certificate; compared as it is. */
  readonly identity: string;
  /** OIDC issuer; compared as it is. */
  readonly issuer: string;
  /** JSON of a `trusted_root.json`. */
  readonly trustedRoot: unknown;
}

export type ModelTrust = KeyTrust | CertificateTrust | KeylessTrust;

function invalid(field: string, what: string): ElulmcError {
  return new ElulmcError('FIELD_INVALID', `${field}: ${what}`, { field });
}

/** Trusts the public key of a PEM text, which may hold other text before it. FIELD_INVALID names `field`. */
export function trustKey(pem: string, field = 'publicKey'): KeyTrust {
  try {
    return { method: 'key', publicKey: createPublicKey(pem) };
  } catch {
    throw invalid(field, 'no public key in PEM');
  }
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;

/** Every certificate of a PEM text. FIELD_INVALID names `field`. */
export function readCertificates(pem: string, field: string): readonly X509Certificate[] {
  try {
    const certificates = [...pem.matchAll(CERTIFICATE)].map(([text]) => new X509Certificate(text));
    if (certificates.length > 0) return certificates;
  } catch {
    // The same answer as for none.
  }
  throw invalid(field, 'no certificate in PEM');
}

const PIN = /^[0-9a-f]{64}$/;

/** Trusts the certificates of a PEM text as roots. FIELD_INVALID names the field. */
export function trustCertificates(pem: string, pins?: readonly string[]): CertificateTrust {
  const bad = pins?.find((pin) => !PIN.test(pin));
  if (bad !== undefined) throw invalid('pins', `${bad.slice(0, 80)} is no SHA-256 in lower-case hex`);
  return { method: 'certificate', roots: readCertificates(pem, 'roots'), pins };
}
