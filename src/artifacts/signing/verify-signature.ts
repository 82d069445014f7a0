import { verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { wallMs } from '../../core/clock.ts';
import { readBundle } from './bundle.ts';
import type { Bundle, SigningMethod } from './bundle.ts';
import { shown } from './check-report.ts';
import type { CheckReport } from './check-report.ts';
import { curveOf } from './curves.ts';
import type { SigningFinding } from './findings.ts';
import { PAYLOAD_TYPE, signedBytes, signedBytesBefore10 } from './signed-bytes.ts';
import type { VerifiedSigner } from './signer.ts';
import { readStatement } from './statement.ts';
import type { SignedStatement } from './statement.ts';
import type { ModelTrust } from './trust.ts';
import { trustOfChain, trustOfKey } from './verify-key.ts';
import type { TrustedKey } from './verify-key.ts';
import { verifyKeyless } from './verify-keyless.ts';

/** How a signature was made: as version 1.0 says, or as the releases before it did. */
export type SigningMode = 'v1.0' | 'pre-1.0';

export interface VerifySignatureOptions {
  /** The bytes of `model.sig`. */
  readonly bundle: Buffer;
  readonly trust: ModelTrust;
  /** Findings that are only noted; `pre-1.0` also makes the older forms be tried. */
  readonly allow?: readonly SigningFinding[] | undefined;
  /** Findings that block although they are only noted by default. */
  readonly demand?: readonly SigningFinding[] | undefined;
  /** Hints (`keyHintOf`) of keys that sign for another stage, each with its name: one key for both is a finding. */
  readonly otherRoles?: readonly { readonly role: string; readonly keyHint: string }[] | undefined;
  /** Milliseconds since the Unix epoch, for the end of certificates; default now. */
  readonly atMs?: number | undefined;
}

/** A statement whose signature holds. */
export interface VerifiedStatement {
  readonly statement: SignedStatement;
  readonly signer: VerifiedSigner;
  readonly mode: SigningMode;
}

function isSigned(bytes: Buffer, hash: string, key: KeyObject, signature: Buffer): boolean {
  try {
    return verify(hash, bytes, { key, dsaEncoding: 'der' }, signature);
  } catch {
    return false;
  }
}

/** The mode in which a signature holds; the check `signature`, and the finding `pre-1.0`. */
function modeOf(bundle: Bundle, { key }: TrustedKey, method: SigningMethod, report: CheckReport): SigningMode | null {
  const { payload, payloadType, signature } = bundle;
  const hash = curveOf(key)?.hash ?? 'sha256';
  if (isSigned(signedBytes(payloadType, payload), hash, key, signature)) {
    report.that('signature', true, { found: `DSSEv1, ${hash}` });
    return 'v1.0';
  }
  const older = method === 'certificate' ? 'sha256' : hash;
  if (report.isAllowed('pre-1.0') && isSigned(signedBytesBefore10(payload), older, key, signature)) {
    report.that('signature', true, { found: `before 1.0, ${older}` });
    report.finding('pre-1.0', 'the signed bytes');
    return 'pre-1.0';
  }
  return report.fail('signature', { expected: `a signature by the trusted key, ${hash}`, found: 'another one' });
}

interface Signed {
  readonly signer: VerifiedSigner;
  readonly mode: SigningMode;
}

function verifyEnvelope(bundle: Bundle, options: VerifySignatureOptions, report: CheckReport): Signed | null {
  const { trust, atMs = wallMs() } = options;
  const { material } = bundle;
  if (trust.method === 'sigstore') {
    const signer = verifyKeyless(bundle, trust, report);
    return signer === null ? null : { signer, mode: 'v1.0' };
  }
  let trusted: TrustedKey | null = null;
  if (trust.method === 'key' && material.method === 'key') trusted = trustOfKey(material, trust, report);
  else if (trust.method === 'certificate' && material.method === 'certificate') trusted = trustOfChain(material, trust, atMs, report);
  if (trusted === null) return null;
  const mode = modeOf(bundle, trusted, trust.method, report);
  return mode === null ? null : { signer: trusted.signer, mode };
}

/**
 * Verifies a bundle without looking at any file: media type, method, trust, signature, then the statement. Null when a check
 * failed; the report says which. Throws FIELD_INVALID for a trust that cannot be used, and nothing for what a bundle holds.
 */
export function verifySignature(options: VerifySignatureOptions, report: CheckReport): VerifiedStatement | null {
  const bundle = readBundle(options.bundle, options.trust.method, report);
  if (bundle === null) return null;
  const signed = verifyEnvelope(bundle, options, report);
  if (signed === null) return null;
  const role = options.otherRoles?.find(({ keyHint }) => keyHint === signed.signer.keyHint);
  if (role !== undefined) report.finding('key-role', role.role);
  const { payload, payloadType } = bundle;
  if (!report.that('payload-type', payloadType === PAYLOAD_TYPE, { expected: PAYLOAD_TYPE, found: shown(payloadType) })) return null;
  const statement = readStatement(payload, report);
  if (statement === null || report.hasFailed) return null;
  return { statement, signer: signed.signer, mode: statement.isBefore10 ? 'pre-1.0' : signed.mode };
}
