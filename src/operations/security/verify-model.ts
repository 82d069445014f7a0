import { z } from 'zod';
import { comparePathParts } from '../../artifacts/manifest/path-order.ts';
import { rootOf } from '../../artifacts/manifest/manifest.ts';
import { MAX_BUNDLE_BYTES } from '../../artifacts/signing/bundle.ts';
import type { ModelTrust } from '../../artifacts/signing/trust.ts';
import type { ModelVerification } from '../../artifacts/signing/verify-model.ts';
import { wallAt } from '../../core/clock.ts';
import { ElulmcError } from '../../core/errors.ts';
import { grants } from '../../services/people/roles.ts';
import { STAGES } from '../../services/registry/service.ts';
import type { RegisteredModel } from '../../services/registry/service.ts';
import type { OperationContext } from '../context.ts';
import { defineOperation } from '../declaration.ts';
import { readHostFile } from '../host-file.ts';
import { readableHere } from '../host-paths.ts';
import { knownTrust } from '../models/known-signers.ts';
import { hashingIn } from '../models/content.ts';
import { modelTarget } from '../models/target.ts';
import { findSignature, registeredSignatureFile } from '../models/signature-file.ts';
import type { SignatureFile } from '../models/signature-file.ts';
import { givenTrust, TRUST_PATHS, trustFields } from '../models/signature-trust.ts';
import { checkRegisteredFiles } from './registered-files.ts';
import { cutDifferences, sentenceAbout, verdictOf, verificationLines, verifiedModel, worstVerdict } from './verification-report.ts';
import type { VerificationCheck, VerifiedModel } from './verification-report.ts';
import { FINDING_NAMES, verifyRegistered, verifySigned } from './verify-signed.ts';
import type { SignedAnswer } from './verify-signed.ts';

const names = z.array(z.enum(FINDING_NAMES)).min(1).max(FINDING_NAMES.length);

const input = z.strictObject({
  model: z
    .string()
    .min(1)
    .max(4096)
    .optional()
    .describe('File or folder, or a registered model: id, NAME@VERSION or digest. Default: every registered model that is not retired.'),
  signature: z
    .string()
    .min(1)
    .optional()
    .describe('File of the signature. Default: model.sig in the folder or beside it, FILE.sig beside a file, or what the model was registered with.'),
  ...trustFields,
  ignorePaths: z.array(z.string().min(1)).max(1000).optional().describe('Leave this path of the model out, with all below it.'),
  ignoreUnsignedFiles: z.boolean().default(false).describe('Look only at the files that are listed in the signature.'),
  allowSymlinks: z.boolean().default(false).describe('Follow symbolic links, also where the signer did not.'),
  allow: names.optional().describe('Accept this policy finding (docs/formats/model-signature.md, section 5).'),
  demand: names.optional().describe('Take this note for a policy finding.'),
});

type Input = z.output<typeof input>;

const output = z.object({
  models: z.array(verifiedModel),
  ok: z.int().describe('How many models have this verdict.'),
  finding: z.int(),
  violation: z.int(),
  inconclusive: z.int(),
});

function usage(text: string, field: string): ElulmcError {
  return new ElulmcError('USAGE', text, { field });
}

function resultOf(
  subject: Pick<VerifiedModel, 'model' | 'id' | 'digest' | 'location'>,
  checks: readonly VerificationCheck[],
  { verification, signature }: Pick<SignedAnswer, 'verification' | 'signature'>,
  files?: {
    readonly read: { readonly bytes: number };
    readonly changed: readonly string[];
    readonly missing: readonly string[];
    readonly extra: readonly string[];
  },
): Omit<VerifiedModel, 'recorded'> {
  const signer = verification?.signer ?? null;
  return {
    ...subject,
    verdict: verdictOf(checks),
    summary: sentenceAbout(checks, signer),
    checks: [...checks],
    signature,
    signer,
    ...cutDifferences(files ?? verification ?? { changed: [], missing: [], extra: [] }),
    bytes: files?.read.bytes ?? verification?.bytes ?? 0,
  };
}

async function keep(context: OperationContext, digest: string, { verdict, summary }: Pick<VerifiedModel, 'verdict' | 'summary'>): Promise<void> {
  await context.services.registry.record({ digest, gate: 'verify-model', verdict, summary: summary.slice(0, 1000), runId: context.runId, at: wallAt() });
}

/** A trust or an exception of the caller's: it says what they are told, and nothing about the gate. */
function isOwnJudgement(given: Input): boolean {
  return (
    [...Object.keys(trustFields), 'signature', 'ignorePaths', 'allow', 'demand'].some((field) => given[field as keyof Input] !== undefined) ||
    given.ignoreUnsignedFiles ||
    given.allowSymlinks
  );
}

function demandTrust(trust: ModelTrust | undefined): ModelTrust {
  if (trust !== undefined) return trust;
  throw usage('say who must have signed: --public-key, --certificate-chain, or --identity with --identity-provider', 'publicKey');
}

async function verifyOneRegistered(context: OperationContext, model: RegisteredModel, given: Input, chosen?: ModelTrust): Promise<VerifiedModel> {
  const known = model.signature === null ? undefined : knownTrust(context.services.home, model.signature);
  const asks = isOwnJudgement(given) ? { trust: demandTrust(chosen ?? known) } : undefined;
  const name = `${model.name}@${model.version}`;
  const hashing = hashingIn(context, name);
  const files = await checkRegisteredFiles(model, await context.services.registry.manifest(model.id), hashing);
  const subject = { model: name, id: model.id, digest: model.digest, location: model.location };
  const own = await verifyRegistered(context, model, hashing, files);
  const kept = resultOf(subject, [...own.checks, ...files.checks], own, files);
  await keep(context, model.digest, kept);
  if (asks === undefined) return { ...kept, recorded: true };
  const signature =
    given.signature === undefined ? (registeredSignatureFile(context, model) ?? findSignature(context, files.path)) : signatureFile(context, given.signature);
  const asked = await verifySigned(files.path, signature, asks.trust, given, hashing, files);
  return { ...resultOf(subject, [...asked.checks, ...files.checks], asked, files), recorded: true };
}

function signatureFile(context: OperationContext, given: string): SignatureFile {
  return { path: readableHere(context, given, 'signature'), bytes: readHostFile(context, given, 'signature', MAX_BUNDLE_BYTES) };
}

/** Digest of the files as they are: only where every file was compared, each with one SHA-256. */
function digestOf({ verdict, manifest }: ModelVerification, given: Input): string | null {
  const isWhole = verdict !== 'fail' && given.ignorePaths === undefined && !given.ignoreUnsignedFiles;
  if (!isWhole || manifest?.serialization.method !== 'files' || manifest.hash !== 'sha256') return null;
  return rootOf(manifest.resources.toSorted((a, b) => comparePathParts(a.name, b.name)));
}

function mayVouch({ actor, local }: OperationContext): boolean {
  return !local && (actor.kind === 'system' || (actor.kind === 'person' && grants(actor.role, 'operate')));
}

async function verifyPath(context: OperationContext, path: string, given: Input, trust: ModelTrust): Promise<VerifiedModel> {
  const signature = given.signature === undefined ? findSignature(context, path) : signatureFile(context, given.signature);
  const answer = await verifySigned(path, signature, trust, given, hashingIn(context, given.model ?? path));
  const digest = answer.verification === null ? null : digestOf(answer.verification, given);
  const result = resultOf({ model: given.model ?? path, id: null, digest, location: path }, answer.checks, answer);
  // Another copy that fails says nothing about the model whose digest it should have had.
  const recorded = digest !== null && mayVouch(context);
  if (recorded) await keep(context, digest, result);
  return { ...result, recorded };
}

/** The registered model that lies at this path, the newest of them. */
async function registeredAt(context: OperationContext, path: string): Promise<RegisteredModel | null> {
  if (context.local) return null;
  const models = await context.services.registry.list(STAGES.filter((stage) => stage !== 'retired'));
  return models.find(({ location }) => location === path) ?? null;
}

async function verifyAll(context: OperationContext, given: Input): Promise<readonly VerifiedModel[]> {
  const models = await context.services.registry.list(STAGES.filter((stage) => stage !== 'retired'));
  const results: VerifiedModel[] = [];
  for (const [at, model] of models.entries()) {
    context.signal.throwIfAborted();
    context.progress(`${String(at + 1)} of ${String(models.length)}: ${model.name}@${model.version}`);
    results.push(await verifyOneRegistered(context, model, given));
  }
  return results;
}

async function verifyChosen(context: OperationContext, given: Input): Promise<readonly VerifiedModel[]> {
  if (given.model === undefined) return await verifyAll(context, given);
  const trust = givenTrust(context, given);
  const { path, registered } = await modelTarget(context, given.model);
  const model = registered ?? (await registeredAt(context, path));
  return [model === null ? await verifyPath(context, path, given, demandTrust(trust)) : await verifyOneRegistered(context, model, given, trust)];
}

function checkUsage(context: OperationContext, given: Input): void {
  if (given.model !== undefined) return;
  if (isOwnJudgement(given)) throw usage('name a model with --model: all registered models are judged by what this installation trusts', 'model');
  if (context.local)
    throw new ElulmcError('CONTROL_UNREACHABLE', 'model: which models are registered only the control plane knows; name files with --model', {
      field: 'model',
    });
}

function countText(models: readonly VerifiedModel[]): string {
  const bad = models.filter(({ verdict }) => verdict !== 'ok');
  const told = bad.slice(0, 5).map(({ model, verdict, summary }) => `${model} ${verdict}: ${summary}`);
  const rest = bad.length - told.length;
  return `${String(models.length - bad.length)} of ${String(models.length)} models are as registered${told.length === 0 ? '.' : `; ${told.join('; ')}${rest > 0 ? `; and ${String(rest)} more` : ''}`}`;
}

export const verifyModel = defineOperation({
  room: 'security',
  name: 'verify-model',
  runbookLine: null,
  summary: 'Check who signed a model, and that its files are what was signed or registered.',
  description:
    'Verifies an OpenSSF Model Signing signature (key, certificates, or Sigstore keyless, offline) and then every file, with named checks. Say who must have signed. ' +
    'A registered model is also compared with its registered digest and manifest. Without --model every registered model that is not retired is read again and compared, with its signature where ' +
    'this installation knows the signer (its own key, or what lies in keys/model-signers): this is what the schedule model-integrity does. ' +
    'A policy finding exits 3, a difference or a signature that does not hold exits 7, a file that cannot be read 8. The roots of the operating system are never used. ' +
    'A signature says who vouched for the bytes, not that the model is good.',
  risk: 'read',
  permission: 'read',
  approvals: 0,
  onFinding: 'stop',
  local: 'fallback',
  hostPaths: ['model', 'signature', ...TRUST_PATHS],
  input,
  output,
  frameworks: { csf: 'PR.DS', atlas: ['AML.T0010', 'AML.T0018'] },
  examples: [
    'elulmc security verify-model',
    'elulmc security verify-model --model demo@3',
    'elulmc security verify-model --model ./models/demo --public-key vendor.pub.pem',
    'elulmc security verify-model --model ./models/demo --certificate-chain root.pem --pin 5f2c...',
    'elulmc security verify-model --model ./models/demo --identity build@example.org --identity-provider https://accounts.example.org',
  ],
  errors: ['USAGE', 'NOT_FOUND', 'NOT_ALLOWED', 'INTEGRITY_VIOLATION', 'CONTROL_UNREACHABLE', 'DATABASE_UNAVAILABLE'],
  plan: (context, given) => {
    checkUsage(context, given);
    return Promise.resolve({ changes: [], notes: [] });
  },
  perform: async (context, given) => {
    checkUsage(context, given);
    const models = await verifyChosen(context, given);
    const count = (verdict: VerifiedModel['verdict']): number => models.filter((model) => model.verdict === verdict).length;
    const [only] = models;
    return {
      output: { models: [...models], ok: count('ok'), finding: count('finding'), violation: count('violation'), inconclusive: count('inconclusive') },
      verdict: worstVerdict(models.map(({ verdict }) => verdict)),
      summary:
        given.model !== undefined && only !== undefined
          ? `${only.model}: ${only.summary}.`
          : models.length === 0
            ? 'No registered model to check.'
            : countText(models),
    };
  },
  undo: 'Nothing to take back: it only reads.',
  render: ({ models }) => verificationLines(models),
});
