import { bundleFromJSON } from '@sigstore/bundle';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify';
import type { TrustMaterial } from '@sigstore/verify';
import { ElulmcError } from '../../core/errors.ts';
import type { Bundle } from './bundle.ts';
import { shown } from './check-report.ts';
import type { CheckReport } from './check-report.ts';
import { logEntriesFault } from './log-entries.ts';
import type { VerifiedSigner } from './signer.ts';
import type { KeylessTrust } from './trust.ts';

/** The certificate authorities, logs and clocks of a `trusted_root.json`. FIELD_INVALID `trustedRoot`. */
function trustMaterialOf(trustedRoot: unknown): TrustMaterial {
  try {
    const root = TrustedRoot.fromJSON(trustedRoot);
    if (root.certificateAuthorities.length === 0 || root.tlogs.length === 0) throw new Error('it names no certificate authority or no log');
    return toTrustMaterial(root);
  } catch (error) {
    throw new ElulmcError('FIELD_INVALID', `trustedRoot: no trusted root of Sigstore: ${error instanceof Error ? error.message : String(error)}`, {
      field: 'trustedRoot',
      cause: error,
    });
  }
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return shown(error);
  return error.cause instanceof Error ? shown(`${error.message}: ${error.cause.message}`) : shown(error.message);
}

/**
 * Verifies a keyless signature without network, in the checks `trust` (certificate, log entry, time and signature, as Sigstore's own
 * library sees them) and `identity`. Null when one of them failed.
 */
export function verifyKeyless(bundle: Bundle, trust: KeylessTrust, report: CheckReport): VerifiedSigner | null {
  const verifier = new Verifier(trustMaterialOf(trust.trustedRoot), { tlogThreshold: 1, ctlogThreshold: 1, timestampThreshold: 1 });
  const fault = logEntriesFault(bundle.json);
  if (fault !== undefined) return report.fail('trust', { found: fault });
  let identity: { subjectAlternativeName?: string | undefined; extensions?: { issuer?: string } | undefined };
  try {
    const parsed = bundleFromJSON(bundle.json);
    // A bundle with a second kind of content would be verified by the one and read by the other.
    const isThis = parsed.content.$case === 'dsseEnvelope' && parsed.content.dsseEnvelope.payload.equals(bundle.payload);
    if (!isThis) return report.fail('trust', { expected: 'one DSSE envelope', found: 'something else beside it' });
    // No policy is given to the library: it takes an identity for a regular expression that may match anywhere.
    identity = verifier.verify(toSignedEntity(parsed)).identity ?? {};
  } catch (error) {
    return report.fail('trust', { found: messageOf(error) });
  }
  report.that('trust', true, { found: 'certificate, log entry and time' });
  const { subjectAlternativeName = null, extensions } = identity;
  const issuer = extensions?.issuer ?? null;
  const isWho = report.that('identity', subjectAlternativeName === trust.identity, { expected: trust.identity, found: shown(subjectAlternativeName) });
  if (!isWho || !report.that('issuer', issuer === trust.issuer, { expected: trust.issuer, found: shown(issuer) })) return null;
  report.that('signature', true, { found: 'DSSEv1' });
  return { method: 'sigstore', keyHint: null, curve: null, subject: subjectAlternativeName, certificate: null, issuer };
}
