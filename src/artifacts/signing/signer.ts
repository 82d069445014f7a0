import type { SigningMethod } from './bundle.ts';

/** Who has signed, as far as the signature shows it. */
export interface VerifiedSigner {
  readonly method: SigningMethod;
  /** The key's hint (`keyHintOf`); null for keyless signatures, whose keys live for minutes. */
  readonly keyHint: string | null;
  readonly curve: string | null;
  /** Subject of the leaf certificate, or the identity of a keyless one. */
  readonly subject: string | null;
  /** SHA-256 of the leaf's DER, lower-case hex: what a pin holds. */
  readonly certificate: string | null;
  /** OIDC issuer of a keyless signature. */
  readonly issuer: string | null;
}
