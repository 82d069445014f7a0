import { createHash } from 'node:crypto';
import { MAX_BUNDLE_BYTES, readBundle } from '../../artifacts/signing/bundle.ts';
import { CheckReport } from '../../artifacts/signing/check-report.ts';
import type { SigningFinding } from '../../artifacts/signing/findings.ts';
import type { ModelTrust } from '../../artifacts/signing/trust.ts';
import { verifyModel } from '../../artifacts/signing/verify-model.ts';
import { ElulmcError } from '../../core/errors.ts';
import type { RegisteredSignature } from '../../services/registry/service.ts';
import type { OperationContext } from '../context.ts';
import { readHostFile } from '../host-file.ts';
import { readableHere } from '../host-paths.ts';
import { knownTrust, signersFolder } from '../models/known-signers.ts';
import { hashingIn } from '../models/content.ts';
import type { ModelContent } from '../models/content.ts';
import { givenTrust } from '../models/signature-trust.ts';
import type { GivenTrust } from '../models/signature-trust.ts';

export interface GivenSignature extends GivenTrust {
  readonly signature?: string | undefined;
  readonly allow?: readonly SigningFinding[] | undefined;
}

/** A signature that holds for the files that are registered. */
export interface HoldingSignature {
  readonly registered: RegisteredSignature;
  /** The bundle, as it is kept. */
  readonly bytes: Buffer;
}

/** What this installation trusts, where the caller says nothing: the bundle says which key or kind of certificate to look for. */
function trustOfInstallation(context: OperationContext, bytes: Buffer): ModelTrust | undefined {
  const { home } = context.services;
  const material = (readBundle(bytes, 'key', new CheckReport()) ?? readBundle(bytes, 'certificate', new CheckReport()))?.material;
  if (material?.method === 'key') return knownTrust(home, { mode: 'key', signer: material.hint ?? '' });
  return material?.method === 'certificate' ? knownTrust(home, { mode: 'certificate', signer: '' }) : undefined;
}

function demandTrust(context: OperationContext, trust: ModelTrust | undefined): ModelTrust {
  if (trust !== undefined) return trust;
  const how = 'say who must have signed with --public-key, --certificate-chain or --identity';
  throw new ElulmcError('USAGE', `${how}, or put the signer into ${signersFolder(context.services.home)}: this installation does not know it`, {
    field: 'signature',
  });
}

/**
 * Verifies the signature that a registration names against the files that were read for it. Null without one. SIGNATURE_INVALID when
 * it does not hold, SIGNATURE_POLICY when it holds and a finding was not allowed; USAGE when nobody is trusted.
 */
export async function holdingSignature(context: OperationContext, given: GivenSignature, content: ModelContent): Promise<HoldingSignature | null> {
  const trusted = givenTrust(context, given);
  if (given.signature === undefined) {
    if (trusted !== undefined) throw new ElulmcError('USAGE', 'name the signature with --signature FILE', { field: 'signature' });
    return null;
  }
  const bytes = readHostFile(context, given.signature, 'signature', MAX_BUNDLE_BYTES);
  const { checks, verdict, signer } = await verifyModel({
    ...hashingIn(context, 'verifying the signature'),
    model: content.path,
    bundle: bytes,
    signaturePath: readableHere(context, given.signature, 'signature'),
    trust: demandTrust(context, trusted ?? trustOfInstallation(context, bytes)),
    allow: given.allow,
    hashed: content.read,
  });
  if (verdict === 'pass' && signer !== null) {
    const signedBy = (signer.method === 'key' ? signer.keyHint : signer.subject) ?? 'unnamed';
    return { registered: { sha256: createHash('sha256').update(bytes).digest('hex'), mode: signer.method, signer: signedBy }, bytes };
  }
  const bad = checks.filter(({ outcome }) => outcome === (verdict === 'policy' ? 'policy' : 'fail'));
  const told = bad.map(
    ({ name, expected, found }) =>
      `${name}: ${[found, expected === null ? null : `expected ${expected}`].filter((text) => text !== null).join(', ') || 'failed'}`,
  );
  throw new ElulmcError(verdict === 'policy' ? 'SIGNATURE_POLICY' : 'SIGNATURE_INVALID', `signature: ${told.join('; ')}`, { field: 'signature' });
}
