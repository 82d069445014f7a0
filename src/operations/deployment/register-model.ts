import { z } from 'zod';
import { SIGNING_FINDINGS } from '../../artifacts/signing/findings.ts';
import type { SigningFinding } from '../../artifacts/signing/findings.ts';
import { ElulmcError } from '../../core/errors.ts';
import { refuseRegistered } from '../../services/registry/references.ts';
import type { RegisteredModel } from '../../services/registry/service.ts';
import { keepContent } from '../../services/runs/content-files.ts';
import type { OperationContext } from '../context.ts';
import { defineOperation } from '../declaration.ts';
import { readableHere } from '../host-paths.ts';
import { readModelContent } from '../models/content.ts';
import type { ModelContent } from '../models/content.ts';
import { modelName, registeredModelFields, shownModel, touchedModel } from '../models/registered-fields.ts';
import { TRUST_PATHS, trustFields } from '../models/signature-trust.ts';
import { importedLocation, importModel } from './import-model.ts';
import { holdingSignature } from './registration-signature.ts';
import type { HoldingSignature } from './registration-signature.ts';

const FINDING_NAMES = Object.keys(SIGNING_FINDINGS) as [SigningFinding, ...SigningFinding[]];
const words = z.string().trim().min(1).max(500);

const input = z.strictObject({
  model: z.string().min(1).max(4096).describe('File or folder with the model.'),
  name: z
    .string()
    .regex(/^(?!mdl_|[0-9a-f]{64}$)[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, 'must be up to 100 letters, digits, dots, dashes or underscores, and no id or digest')
    .describe('Name of the model: the same for all of its versions.'),
  version: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._+-]{0,99}$/, 'must be up to 100 letters, digits, dots, dashes, plus signs or underscores')
    .describe('Version; each name and version is registered once.'),
  parent: z
    .array(z.string().min(1).max(200))
    .max(50)
    .default([])
    .describe('Registered model that it was made from (base model, adapter): id, NAME@VERSION or digest.'),
  dataset: z.array(words).max(200).default([]).describe('Data set that it was trained on: a name or digest.'),
  trainingRun: words.optional().describe('Reference of the run that trained it.'),
  licence: words.optional().describe('SPDX id or name of its licence.'),
  owner: words.optional().describe('Who answers for it. Default: the caller.'),
  signature: z.string().min(1).optional().describe('File of its signature, which is verified now; it must hold.'),
  ...trustFields,
  allow: z.array(z.enum(FINDING_NAMES)).min(1).max(FINDING_NAMES.length).optional().describe('Accept this policy finding of the signature.'),
  import: z.boolean().default(false).describe('Copy the files into ELULMC_HOME/models and register the copy.'),
});

type Input = z.output<typeof input>;

interface Registration {
  readonly content: ModelContent;
  readonly parents: readonly RegisteredModel[];
  readonly signature: HoldingSignature | null;
  /** What this very call has registered already. */
  readonly done: RegisteredModel | undefined;
  /** The stored version of the same name and version. */
  readonly named: RegisteredModel | undefined;
}

async function parentsOf({ services }: OperationContext, given: Input): Promise<readonly RegisteredModel[]> {
  const parents: RegisteredModel[] = [];
  for (const reference of given.parent) {
    const parent = await services.registry.find(reference, 'parent');
    if (parents.some(({ id }) => id === parent.id)) throw new ElulmcError('FIELD_INVALID', `parent: ${modelName(parent)} is named twice`, { field: 'parent' });
    parents.push(parent);
  }
  return parents;
}

/** Reads and checks everything that a registration needs; changes nothing. */
async function registrationOf(context: OperationContext, given: Input): Promise<Registration> {
  const { registry } = context.services;
  const parents = await parentsOf(context, given);
  const content = await readModelContent(context, readableHere(context, given.model, 'model'), `hashing ${modelName(given)}`);
  const same = await registry.byDigest(content.digest);
  const named = (await registry.list()).find(({ name, version }) => name === given.name && version === given.version);
  const [first] = same === undefined ? [] : await registry.history(same.id);
  const done = first?.runId === context.runId ? same : undefined;
  if (done === undefined)
    refuseRegistered(
      { ...given, digest: content.digest },
      [same, named].filter((model) => model !== undefined),
    );
  return { content, parents, signature: await holdingSignature(context, given, content), done, named };
}

function signedText(signature: HoldingSignature | null): string {
  return signature === null ? 'without a signature' : `signed by ${signature.registered.signer} (${signature.registered.mode})`;
}

function factsText({ content: { digest, read } }: Registration): string {
  const files = read.manifest.resources.length;
  return `digest ${digest}, ${String(files)} ${files === 1 ? 'file' : 'files'}, ${String(read.bytes)} bytes`;
}

const output = registeredModelFields;

export const registerModel = defineOperation({
  room: 'deployment',
  name: 'register-model',
  runbookLine: null,
  summary: 'Register a version of a model by the digest of its files.',
  description:
    'Hashes every file and keeps the manifest, the origin and the signature of a model under NAME@VERSION, in the stage "registered". It is addressed by its OMS root digest, and the files stay where they are ' +
    'unless --import copies them below ELULMC_HOME/models. A signature is verified now and kept; one that does not hold is refused (exit 7), as are symbolic links. ' +
    'Each NAME@VERSION and each digest is registered once. Then scan it, verify it, and let it through the stages with elulmc deployment change-stage.',
  risk: 'change',
  permission: 'operate',
  approvals: 0,
  hostPaths: ['model', 'signature', ...TRUST_PATHS],
  personal: ['owner'],
  input,
  output,
  frameworks: { csf: 'ID.AM', atlas: ['AML.T0010'] },
  examples: [
    'elulmc deployment register-model --model ./models/demo --name demo --version 3',
    'elulmc deployment register-model --model ./models/demo --name demo --version 3 --signature ./models/demo/model.sig --public-key vendor.pub.pem --import',
    'elulmc deployment register-model --model ./merged.safetensors --name demo --version 4 --parent demo@3 --parent adapter@1 --dataset "support tickets 2026" --licence Apache-2.0',
  ],
  errors: ['FIELD_INVALID', 'USAGE', 'NOT_FOUND', 'NOT_ALLOWED', 'CONFLICT', 'SIGNATURE_INVALID', 'SIGNATURE_POLICY', 'DATABASE_UNAVAILABLE'],
  plan: async (context, given) => {
    const registration = await registrationOf(context, given);
    const { content, parents, signature, done, named } = registration;
    const touches = [touchedModel(given, named)];
    if (done !== undefined) return { changes: [], notes: [`this call has registered ${modelName(done)} already`], touches };
    const where = given.import ? `copied to ${importedLocation(context, given, content)}` : `kept at ${content.path}`;
    return {
      changes: [
        `register ${modelName(given)}: ${factsText(registration)}, ${where}, ${signedText(signature)}`,
        ...parents.map((parent) => `made from ${modelName(parent)} (${parent.id})`),
      ],
      notes: given.import ? [] : ['the files stay where they are: whoever changes them is found by elulmc security verify-model'],
      touches,
    };
  },
  perform: async (context, given) => {
    const registration = await registrationOf(context, given);
    const { content, parents, signature, done } = registration;
    const { name, version, dataset, trainingRun = null, licence = null, owner = context.actor.id } = given;
    const location = done?.location ?? (given.import ? await importModel(context, given, content) : content.path);
    if (signature !== null) keepContent(context.services.home.content, signature.bytes);
    const facts = {
      name,
      version,
      digest: content.digest,
      location,
      imported: given.import,
      files: content.read.manifest.resources.length,
      bytes: content.read.bytes,
    };
    const origin = { parents: parents.map(({ id }) => id), datasets: dataset, trainingRun, licence, owner, registeredBy: context.actor.id };
    const manifest = content.read.manifest.resources.map((file) => ({ name: file.name, sha256: file.digest }));
    const model = await context.services.registry.register({ ...facts, ...origin, signature: signature?.registered ?? null, manifest }, context.runId);
    return {
      output: shownModel(model),
      verdict: 'ok',
      summary: `${modelName(model)} is registered (${model.id}): ${factsText(registration)}, ${signedText(signature)}.`,
    };
  },
  undo: 'elulmc deployment change-stage NAME@VERSION --stage retired; what was registered stays known.',
  compensate: (_given, { id }) => ({ room: 'deployment', name: 'change-stage', input: { model: id, stage: 'retired' } }),
});
