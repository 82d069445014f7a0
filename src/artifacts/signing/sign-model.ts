import { verify } from 'node:crypto';
import { basename, resolve } from 'node:path';
import { ElulmcError } from '../../core/errors.ts';
import { rootOf } from '../manifest/manifest.ts';
import type { Manifest, Serialization } from '../manifest/manifest.ts';
import type { ModelProblem } from '../manifest/model-walk.ts';
import { BUNDLE_TYPE, MAX_BUNDLE_BYTES } from './bundle.ts';
import { curveOf } from './curves.ts';
import { hiddenContent } from './hidden-content.ts';
import { keyHintOf } from './key-hint.ts';
import { ignoredEntries, readModelFiles } from './model-files.ts';
import type { ModelFilesOptions } from './model-files.ts';
import type { ModelSigner } from './model-signer.ts';
import { nameFault } from './resource-names.ts';
import { PAYLOAD_TYPE, signedBytes } from './signed-bytes.ts';
import { PREDICATE_TYPE, STATEMENT_TYPE } from './statement.ts';

export interface SignModelOptions extends ModelFilesOptions {
  readonly signer: ModelSigner;
  /** Default: one resource for each file. */
  readonly serialization?: Serialization | undefined;
  /** Follow symbolic links, and say so in the signature: verifiers will find fault with it. Default: refuse them. */
  readonly links?: 'refuse' | 'follow' | undefined;
  /** Name of the model, for people; default the name of its file or folder. */
  readonly name?: string | undefined;
  /** Sign although the ignored paths hold code or weights. */
  readonly allowHiddenContent?: boolean | undefined;
}

/** A bundle, or why there is none: what cannot be verified is not signed. */
export type SignedModel =
  | { readonly signed: true; readonly bundle: string; readonly root: string; readonly manifest: Manifest; readonly bytes: number }
  | { readonly signed: false; readonly problems: readonly ModelProblem[] };

/** Names that verifiers refuse, or that cannot be written. */
function nameProblems({ serialization, resources }: Manifest): readonly ModelProblem[] {
  return resources.flatMap(({ name }): ModelProblem[] => {
    const parts = serialization.method === 'shards' ? name.split(':') : [name];
    if (serialization.method === 'shards' && parts.length !== 3) return [{ kind: 'name', name, detail: 'a colon cannot stand in the name of a shard' }];
    const fault = nameFault(parts[0] ?? '', parts[0] === '.');
    return fault === undefined ? [] : [{ kind: 'name', name, detail: fault }];
  });
}

/** The statement as JSON with two spaces, as the reference implementation prints it. */
function statementOf(manifest: Manifest, root: string, name: string, allowLinks: boolean, ignorePaths: readonly string[]): Buffer {
  const { serialization, hash, resources } = manifest;
  const algorithm = serialization.method === 'files' ? hash : `${hash}-sharded-${String(serialization.shardSize)}`;
  const statement = {
    _type: STATEMENT_TYPE,
    subject: [{ name, digest: { sha256: root } }],
    predicateType: PREDICATE_TYPE,
    predicate: {
      serialization: {
        method: serialization.method,
        hash_type: hash,
        allow_symlinks: allowLinks,
        ...(serialization.method === 'files' ? {} : { shard_size: serialization.shardSize }),
        ignore_paths: ignorePaths,
      },
      resources: resources.map((resource) => ({ name: resource.name, algorithm, digest: resource.digest })),
    },
  };
  return Buffer.from(JSON.stringify(statement, null, 2));
}

/** Signs the bytes, and looks whether the signature is one: a token or a service may answer with something else. */
async function signBytes(bytes: Buffer, signer: ModelSigner): Promise<Buffer> {
  const hash = curveOf(signer.publicKey)?.hash ?? 'sha256';
  const signature = await signer.sign(bytes, hash);
  if (verify(hash, bytes, { key: signer.publicKey, dsaEncoding: 'der' }, signature)) return signature;
  throw new ElulmcError('OPERATION_FAILED', 'the signer gave a signature that is not of its key');
}

function bundleOf(payload: Buffer, signature: Buffer, { publicKey, chain }: ModelSigner): string {
  const material =
    chain.length === 0
      ? { publicKey: { hint: keyHintOf(publicKey) } }
      : { x509CertificateChain: { certificates: chain.map(({ raw }) => ({ rawBytes: raw.toString('base64') })) } };
  const bundle = {
    mediaType: BUNDLE_TYPE,
    verificationMaterial: { ...material, tlogEntries: [] },
    dsseEnvelope: { payload: payload.toString('base64'), payloadType: PAYLOAD_TYPE, signatures: [{ sig: signature.toString('base64'), keyid: '' }] },
  };
  return `${JSON.stringify(bundle)}\n`;
}

/**
 * Signs a model (OpenSSF Model Signing 1.0; docs/formats/model-signature.md): every file is hashed with SHA-256, nothing is written.
 * Rejects with the signal's reason, FIELD_INVALID `shardSize`, or OPERATION_FAILED where the signer fails.
 */
export async function signModel(options: SignModelOptions): Promise<SignedModel> {
  const { model, signer, serialization = { method: 'files' }, links = 'refuse', name = basename(resolve(model)), allowHiddenContent = false } = options;
  if (serialization.method === 'shards' && !(Number.isSafeInteger(serialization.shardSize) && serialization.shardSize > 0)) {
    throw new ElulmcError('FIELD_INVALID', 'shardSize: a number of bytes above 0', { field: 'shardSize' });
  }
  const ignorePaths = ignoredEntries(options);
  const hidden = allowHiddenContent ? [] : await hiddenContent(model, ignorePaths, options.signal);
  if (hidden.length > 0)
    return { signed: false, problems: hidden.map((path) => ({ kind: 'ignored-content', name: path, detail: 'code or weights that would not be signed' })) };
  const files = await readModelFiles({ ...options, serialization, hash: 'sha256', links });
  const behind = files.links
    .filter(({ kind }) => kind === 'directory')
    .map((link): ModelProblem => ({ kind: 'link', name: link.name, detail: 'a link to a folder cannot be signed' }));
  const problems = [...files.problems, ...behind, ...nameProblems(files.manifest)];
  if (problems.length > 0) return { signed: false, problems };
  const root = rootOf(files.manifest.resources);
  const payload = statementOf(files.manifest, root, name, files.links.length > 0, ignorePaths);
  const bundle = bundleOf(payload, await signBytes(signedBytes(PAYLOAD_TYPE, payload), signer), signer);
  if (bundle.length > MAX_BUNDLE_BYTES)
    return { signed: false, problems: [{ kind: 'limit', name: '.', detail: 'the signature would be larger than verifiers read' }] };
  return { signed: true, bundle, root, manifest: files.manifest, bytes: files.bytes };
}
