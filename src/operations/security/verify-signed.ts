import type { HashingOptions } from '../../artifacts/manifest/hash-pool.ts';
import { SIGNING_FINDINGS } from '../../artifacts/signing/findings.ts';
import type { SigningFinding } from '../../artifacts/signing/findings.ts';
import type { VerifiedSigner } from '../../artifacts/signing/signer.ts';
import type { ModelTrust } from '../../artifacts/signing/trust.ts';
import { verifyModel } from '../../artifacts/signing/verify-model.ts';
import type { ModelVerification } from '../../artifacts/signing/verify-model.ts';
import { ElulmcError } from '../../core/errors.ts';
import type { RegisteredModel, RegisteredSignature } from '../../services/registry/service.ts';
import type { OperationContext } from '../context.ts';
import { knownTrust, signersFolder } from '../models/known-signers.ts';
import { registeredSignatureFile } from '../models/signature-file.ts';
import type { SignatureFile } from '../models/signature-file.ts';
import type { RegisteredFiles } from './registered-files.ts';
import type { VerificationCheck } from './verification-report.ts';

export const FINDING_NAMES = Object.keys(SIGNING_FINDINGS) as [SigningFinding, ...SigningFinding[]];

/** How strictly a signature is judged, as the caller says. */
export interface Strictness {
  readonly ignorePaths?: readonly string[] | undefined;
  readonly ignoreUnsignedFiles?: boolean | undefined;
  readonly allowSymlinks?: boolean | undefined;
  readonly allow?: readonly SigningFinding[] | undefined;
  readonly demand?: readonly SigningFinding[] | undefined;
}

export interface SignedAnswer {
  readonly checks: readonly VerificationCheck[];
  /** Null when there was nothing to verify, or nobody to trust. */
  readonly verification: ModelVerification | null;
  readonly signature: string | null;
}

/** Verifies a signature under a trust. `files`: what was read of a registered model just before, so that it is not read twice. */
export async function verifySigned(
  model: string,
  { path, bytes }: SignatureFile,
  trust: ModelTrust,
  strictness: Strictness,
  hashing: HashingOptions,
  files?: RegisteredFiles,
): Promise<SignedAnswer> {
  const { ignorePaths = [], ignoreUnsignedFiles, allowSymlinks, allow, demand } = strictness;
  const verification = await verifyModel({
    ...hashing,
    model,
    bundle: bytes,
    signaturePath: path,
    trust,
    ignore: [...ignorePaths, ...(files?.signatureFiles ?? [])],
    ignoreUnsigned: ignoreUnsignedFiles,
    links: allowSymlinks === true ? 'follow' : undefined,
    allow,
    demand,
    hashed: files?.read,
  });
  return { checks: verification.checks, verification, signature: path };
}

function noteOf(outcome: VerificationCheck['outcome'], found: string): SignedAnswer {
  return { checks: [{ name: 'registered-signature', outcome, expected: null, found }], verification: null, signature: null };
}

/** Whoever signs now must be who signed when the model was registered. */
function sameSigner({ mode, signer }: RegisteredSignature, { keyHint, subject }: VerifiedSigner): VerificationCheck {
  const found = mode === 'key' ? keyHint : subject;
  return { name: 'registered-signature', outcome: found === signer ? 'pass' : 'fail', expected: signer, found };
}

/**
 * Verifies the signature that a model was registered with, by what this installation trusts and nobody else: what a caller trusts
 * decides nothing about others.
 */
export async function verifyRegistered(
  context: OperationContext,
  model: RegisteredModel,
  hashing: HashingOptions,
  files: RegisteredFiles,
): Promise<SignedAnswer> {
  const { signature } = model;
  if (signature === null) return noteOf('note', 'it was registered without a signature');
  const file = registeredSignatureFile(context, model);
  if (file === undefined) return noteOf('policy', `the signature that it was registered with (SHA-256 ${signature.sha256}) is no longer there`);
  const trust = knownTrust(context.services.home, signature);
  if (trust === undefined) {
    const how =
      signature.mode === 'sigstore'
        ? 'give --identity, --identity-provider'
        : `put the ${signature.mode === 'key' ? 'public key' : 'root certificate'} into ${signersFolder(context.services.home)}`;
    return noteOf('note', `not verified: this installation does not know ${signature.signer}; ${how}`);
  }
  try {
    const answer = await verifySigned(files.path, file, trust, {}, hashing, files);
    const now = answer.verification?.signer ?? null;
    return now === null ? answer : { ...answer, checks: [...answer.checks, sameSigner(signature, now)] };
  } catch (error) {
    // A key or certificate of this installation that cannot be used says nothing about the model.
    if (!(error instanceof ElulmcError) || error.code !== 'FIELD_INVALID') throw error;
    return noteOf('unknown', `not verified: ${error.message}`);
  }
}
