import { existsSync } from 'node:fs';
import { z } from 'zod';
import { DEFAULT_SHARD_BYTES } from '../../artifacts/manifest/manifest.ts';
import type { Serialization } from '../../artifacts/manifest/manifest.ts';
import { MAX_BUNDLE_BYTES } from '../../artifacts/signing/bundle.ts';
import { CheckReport, shownList } from '../../artifacts/signing/check-report.ts';
import { curveOf } from '../../artifacts/signing/curves.ts';
import { keyHintOf } from '../../artifacts/signing/key-hint.ts';
import { problemTexts } from '../../artifacts/signing/model-files.ts';
import type { ModelSigner } from '../../artifacts/signing/model-signer.ts';
import { signModel as signFiles } from '../../artifacts/signing/sign-model.ts';
import type { SignedModel } from '../../artifacts/signing/sign-model.ts';
import { contentSignedBy } from '../../artifacts/signing/signed-by.ts';
import { readStatement } from '../../artifacts/signing/statement.ts';
import { replaceFile } from '../../core/atomic-file.ts';
import { ElulmcError } from '../../core/errors.ts';
import type { OperationContext } from '../context.ts';
import { defineOperation } from '../declaration.ts';
import { readSmallFile } from '../host-file.ts';
import { hashingIn } from '../models/content.ts';
import { modelTarget } from '../models/target.ts';
import type { ModelTarget } from '../models/target.ts';
import { chosenSigner, hasOwnKey } from '../models/signing-key.ts';
import { checkRegisteredFiles } from './registered-files.ts';
import { signatureOutput } from './signature-output.ts';

const file = z.string().min(1);

const input = z.strictObject({
  model: z.string().min(1).max(4096).describe('File or folder, or a registered model: id, NAME@VERSION or digest.'),
  output: file.optional().describe('Where to write the signature. Default: model.sig in the folder, FILE.sig beside a file.'),
  privateKey: file
    .optional()
    .describe('File (0600) with a private key in PEM, on P-256, P-384 or P-521. Default: keys/model-signing.pem of ELULMC_HOME, made at first use.'),
  passphrase: z.string().min(1).optional().describe('Opens the private key.'),
  certificate: file.optional().describe('File with the certificate of that key in PEM: the signature then carries it.'),
  certificateChain: z
    .array(file)
    .min(1)
    .max(8)
    .optional()
    .describe('With --certificate: files with the certificates of its issuers in PEM, the nearest first; the root may be left out.'),
  serialization: z.enum(['files', 'shards']).default('files').describe('One digest for each file, or one for each part of it.'),
  shardSize: z.coerce
    .number()
    .int()
    .min(1)
    .max(Number.MAX_SAFE_INTEGER)
    .optional()
    .describe(`With --serialization shards: bytes of a part. Default: ${String(DEFAULT_SHARD_BYTES)}.`),
  ignorePaths: z.array(z.string().min(1)).max(1000).optional().describe('Leave this path of the model out, with all below it; the signature says so.'),
  allowSymlinks: z.boolean().default(false).describe('Sign what symbolic links lead to; verifiers will find fault with it.'),
});

type Input = z.output<typeof input>;

const output = z.object({
  model: z.string().describe('Absolute path.'),
  signature: z.string().describe('File of the signature.'),
  changed: z.boolean().describe('False when exactly this was signed with this key already: the file is left as it is.'),
  digest: z.string().describe('SHA-256 over the digests: what the model is addressed by when it is signed in files.'),
  resources: z.int().describe('Digests in the signature.'),
  bytes: z.int().describe('Bytes that were hashed.'),
  curve: z.string(),
  keyHint: z.string().describe('SHA-256 of the public key in PEM.'),
  subject: z.string().nullable().describe('Of the certificate; null for a bare key.'),
  publicKeyFile: z.string().nullable().describe('Public half of the key of this installation, for others to verify with; null for a key that was given.'),
  publicKey: z.string().describe('In PEM.'),
});

function checkUsage({ serialization, shardSize }: Input): void {
  if (shardSize !== undefined && serialization !== 'shards')
    throw new ElulmcError('USAGE', '--shard-size goes with --serialization shards', { field: 'shardSize' });
}

function serializationOf({ serialization, shardSize = DEFAULT_SHARD_BYTES }: Input): Serialization {
  return serialization === 'files' ? { method: 'files' } : { method: 'shards', shardSize };
}

/** Whoever signs a registered model vouches for what was registered, and for nothing that took its place. */
async function refuseOtherBytes(context: OperationContext, { registered }: ModelTarget): Promise<void> {
  if (registered === null) return;
  const listed = await context.services.registry.manifest(registered.id);
  const { checks } = await checkRegisteredFiles(registered, listed, hashingIn(context, 'comparing with what was registered'));
  const wrong = checks.find(({ outcome }) => outcome === 'fail' || outcome === 'unknown');
  if (wrong === undefined) return;
  throw new ElulmcError(
    'INTEGRITY_VIOLATION',
    `${registered.name}@${registered.version} is not what was registered, and is not signed: ${wrong.found ?? wrong.name}`,
    { field: 'model' },
  );
}

async function sign(
  context: OperationContext,
  given: Input,
  path: string,
  signaturePath: string,
  signer: ModelSigner,
): Promise<Extract<SignedModel, { signed: true }>> {
  const signed = await signFiles({
    ...hashingIn(context, 'hashing'),
    model: path,
    signer,
    signaturePath,
    serialization: serializationOf(given),
    links: given.allowSymlinks ? 'follow' : 'refuse',
    ignore: given.ignorePaths,
  });
  if (signed.signed) return signed;
  throw new ElulmcError('MODEL_NOT_SIGNABLE', `model: ${shownList(problemTexts(signed.problems))}`, { field: 'model' });
}

/** Whether the file holds exactly this statement, signed by this key and with the same certificates. */
function isSignedAlready(path: string, bundle: string, { publicKey }: ModelSigner): boolean {
  if (!existsSync(path)) return false;
  const before = contentSignedBy(readSmallFile(path, 'output', MAX_BUNDLE_BYTES), publicKey);
  const now = contentSignedBy(Buffer.from(bundle), publicKey);
  return before !== undefined && now !== undefined && before.payload.equals(now.payload) && before.material === now.material;
}

/** Reads back what was written: it must verify and say what was signed. */
function verifyWritten(path: string, root: string, { publicKey }: ModelSigner): void {
  const content = contentSignedBy(readSmallFile(path, 'output', MAX_BUNDLE_BYTES), publicKey);
  const report = new CheckReport();
  const statement = content === undefined ? null : readStatement(content.payload, report);
  if (statement?.root === root && !report.hasFailed) return;
  throw new ElulmcError('INTEGRITY_VIOLATION', `what was written to ${path} does not verify: do not use it`, { field: 'output' });
}

export const signModel = defineOperation({
  room: 'security',
  name: 'sign-model',
  runbookLine: null,
  summary: 'Sign a model, so that anybody can check that its files are those of today.',
  description:
    'Hashes every file and signs the list (OpenSSF Model Signing 1.0), with a key on P-256, P-384 or P-521, with or without certificates. Without --private-key it signs with the key of this ' +
    'installation, which is made at first use; give its public half to those who verify. Links, special files and ignored paths that hold code or weights are refused. ' +
    'The signature is written whole or not at all, never over a file that is no signature, and read back. A registered model is signed only while it is what was registered. ' +
    'Through the control plane it is written in or beside the model only.',
  risk: 'change',
  permission: 'operate',
  approvals: 0,
  local: 'fallback',
  hostPaths: ['model', 'privateKey', 'certificate', 'certificateChain'],
  hostOutputs: ['output'],
  secrets: ['passphrase'],
  input,
  output,
  frameworks: { csf: 'PR.DS', atlas: ['AML.T0010', 'AML.T0018'] },
  examples: [
    'elulmc security sign-model --model ./models/demo',
    'elulmc security sign-model --model demo@3 --dry-run',
    'elulmc security sign-model --model ./models/demo.gguf --private-key release.pem --passphrase-file passphrase.txt --output demo.gguf.sig',
    'elulmc security sign-model --model ./models/demo --private-key leaf.pem --certificate leaf.crt --certificate-chain intermediate.crt',
    'elulmc security sign-model --model ./models/demo --serialization shards --shard-size 100000000',
  ],
  errors: ['USAGE', 'NOT_FOUND', 'CONFLICT', 'MODEL_NOT_SIGNABLE', 'KEY_FILE_UNSAFE', 'INTEGRITY_VIOLATION', 'CONTROL_UNREACHABLE', 'DATABASE_UNAVAILABLE'],
  plan: async (context, given) => {
    checkUsage(given);
    const { path } = await modelTarget(context, given.model);
    const signature = signatureOutput(context, path, given.output);
    const makesKey = given.privateKey === undefined && !hasOwnKey(context);
    return {
      changes: [
        ...(makesKey ? ['make the key for models of this installation'] : []),
        `${existsSync(signature) ? 'replace' : 'write'} ${signature}, a signature of ${path}`,
      ],
      notes: [],
    };
  },
  perform: async (context, given) => {
    checkUsage(given);
    const target = await modelTarget(context, given.model);
    const signature = signatureOutput(context, target.path, given.output);
    const { signer, publicKeyFile } = chosenSigner(context, given);
    await refuseOtherBytes(context, target);
    const { bundle, root, manifest, bytes } = await sign(context, given, target.path, signature, signer);
    const changed = !isSignedAlready(signature, bundle, signer);
    // Once more: hashing takes its time, and something else may have been put there.
    if (changed) replaceFile(signatureOutput(context, target.path, given.output), bundle, 0o644);
    verifyWritten(signature, root, signer);
    const keyHint = keyHintOf(signer.publicKey);
    const [leaf] = signer.chain;
    return {
      output: {
        model: target.path,
        signature,
        changed,
        digest: root,
        resources: manifest.resources.length,
        bytes,
        curve: curveOf(signer.publicKey)?.name ?? '',
        keyHint,
        subject: leaf?.subject.replaceAll('\n', ', ') ?? null,
        publicKeyFile,
        publicKey: signer.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      },
      verdict: 'ok',
      summary: `${changed ? 'Signed' : 'Signed already'}: ${target.path} (${String(manifest.resources.length)} digests, ${root.slice(0, 16)}) with key ${keyHint.slice(0, 16)}, in ${signature}.`,
    };
  },
  undo: 'Remove the file of the signature; the model is not touched. A key that was made stays.',
  render: ({ model, signature, changed, digest, resources, curve, keyHint, subject, publicKeyFile, publicKey }) => [
    `${changed ? 'signed' : 'signed already'}  ${model}  ${String(resources)} digests`,
    `digest      ${digest}`,
    `signature   ${signature}`,
    `key         ${curve}, hint ${keyHint}${subject === null ? '' : `, ${subject}`}`,
    ...(publicKeyFile === null ? [] : [`public key  ${publicKeyFile}: give it to those who verify, with --public-key`]),
    ...publicKey.trimEnd().split('\n'),
  ],
});
