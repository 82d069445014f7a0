import { z } from 'zod';
import { sha256OfJson } from '../../core/canonical-json.ts';
import type { Touched } from '../../services/approvals/service.ts';
import { STAGES } from '../../services/registry/service.ts';
import type { RegisteredModel } from '../../services/registry/service.ts';

/** A registered model as operations give it. */
export const registeredModelFields = z.object({
  id: z.string().describe('mdl_...'),
  name: z.string(),
  version: z.string(),
  digest: z.string().describe('Hexadecimal OMS root: SHA-256 over the digests of its files.'),
  location: z.string().describe('Absolute path on the host of the control plane.'),
  imported: z.boolean().describe('Whether it is a copy below ELULMC_HOME/models.'),
  files: z.int(),
  bytes: z.int(),
  signature: z
    .object({ sha256: z.string(), mode: z.enum(['key', 'certificate', 'sigstore']), signer: z.string() })
    .nullable()
    .describe('Who had signed it when it was registered, and the SHA-256 of the bundle.'),
  parents: z.array(z.string()).describe('mdl_... of what it was made from.'),
  datasets: z.array(z.string()),
  trainingRun: z.string().nullable(),
  licence: z.string().nullable(),
  owner: z.string(),
  stage: z.enum(STAGES),
  stageAt: z.string(),
  registeredAt: z.string(),
  registeredBy: z.string(),
});

export type ShownModel = z.output<typeof registeredModelFields>;

export function shownModel({ rowVersion: _rowVersion, ...model }: RegisteredModel): ShownModel {
  return { ...model, parents: [...model.parents], datasets: [...model.datasets] };
}

/** `NAME@VERSION` */
export function modelName({ name, version }: Pick<RegisteredModel, 'name' | 'version'>): string {
  return `${name}@${version}`;
}

/** `model:NAME@VERSION` in the version that it has now; undefined: not registered. */
export function touchedModel(named: Pick<RegisteredModel, 'name' | 'version'>, model: RegisteredModel | undefined): Touched {
  const state = model === undefined ? null : { id: model.id, digest: model.digest, stage: model.stage, rowVersion: model.rowVersion };
  return { object: `model:${modelName(named)}`, version: sha256OfJson({ model: state }) };
}
