import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect } from 'vitest';
import { keyHintOf } from '../../../src/artifacts/signing/key-hint.ts';
import { newId } from '../../../src/core/ids.ts';
import { byName } from '../../../src/operations/catalogue.ts';
import type { OperationContext } from '../../../src/operations/context.ts';
import { parseFields } from '../../../src/operations/parse-fields.ts';
import type { OperationReport } from '../../../src/operations/report.ts';
import { runLocally } from '../../../src/operations/run-locally.ts';
import { verifyModel } from '../../../src/operations/security/verify-model.ts';
import type { RegisteredModel, RegisteredSignature } from '../../../src/services/registry/service.ts';
import { bundleOf, FILES, KEY, newModel, OTHER_KEY, sha256, statementFor } from '../../artifacts/signing/signed-models.ts';
import { contextOf, memoryServices } from '../../fixtures/operation-services.ts';
import type { MemoryServices } from '../../fixtures/operation-services.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

/** A signature of FILES by KEY. */
export const BUNDLE = bundleOf(statementFor(FILES));
export const HINT = keyHintOf(KEY.publicKey);
export const SIGNED: RegisteredSignature = { sha256: sha256(BUNDLE), mode: 'key', signer: HINT };

/** Files with the public keys of KEY and OTHER_KEY, and one that holds something else. */
export const KEYS = temporaryFolder('public-keys');
export const [KEY_FILE, OTHER_KEY_FILE, TEXT_FILE] = [join(KEYS, 'key.pem'), join(KEYS, 'other.pem'), join(KEYS, 'text')];
writeFileSync(KEY_FILE, KEY.publicKey.export({ type: 'spki', format: 'pem' }));
writeFileSync(OTHER_KEY_FILE, OTHER_KEY.publicKey.export({ type: 'spki', format: 'pem' }));
writeFileSync(TEXT_FILE, 'nothing');

const made: MemoryServices[] = [];
afterAll(() => {
  for (const one of made) one.remove();
});

/** Services whose home is removed in the end. */
export function newServices(): MemoryServices {
  const services = memoryServices();
  made.push(services);
  return services;
}

/** As the command line runs an operation in its own process. */
export function locally({ home }: MemoryServices, name: string, input: object, dryRun = false): Promise<OperationReport> {
  const entry = byName('security', name);
  if (entry === undefined) throw new Error('not in the catalogue');
  return runLocally(entry, { home, input, uid: 1000, dryRun, signal: new AbortController().signal, onProgress: () => undefined });
}

/** verify-model as the control plane performs it. */
export async function verifyThere(services: MemoryServices, input: object, context: OperationContext = contextOf(services)) {
  const given = verifyModel.input.parse(parseFields(verifyModel.input, input));
  await verifyModel.plan(context, given);
  const performed = await verifyModel.perform(context, given);
  expect(verifyModel.output.parse(performed.output)).toEqual(performed.output);
  return performed;
}

/** FILES with a signature inside. */
export function signedModel(bundle = BUNDLE): string {
  const model = newModel(FILES);
  writeFileSync(join(model, 'model.sig'), bundle);
  return model;
}

/** Registers files that lie at `location`, named in the order of their parts. */
export function register(
  { registry }: MemoryServices,
  location: string,
  files: Readonly<Record<string, string>> = FILES,
  signature: RegisteredSignature | null = null,
): Promise<RegisteredModel> {
  const manifest = Object.entries(files).map(([name, content]) => ({ name, sha256: sha256(content) }));
  const digest = sha256(Buffer.concat(manifest.map((file) => Buffer.from(file.sha256, 'hex'))));
  const origin = { parents: [], datasets: [], trainingRun: null, licence: null, owner: 'tests', registeredBy: 'system' };
  const facts = { name: 'demo', version: newId('mdl').slice(-6), digest, location, imported: false, files: manifest.length, bytes: 1 };
  return registry.register({ ...facts, ...origin, signature, manifest }, newId('run'));
}
