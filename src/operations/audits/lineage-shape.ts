import { z } from 'zod';
import { STAGES } from '../../services/registry/service.ts';
import { registeredModelFields } from '../models/registered-fields.ts';

/** A registered model on the way up or down. */
const relative = z.object({
  id: z.string(),
  name: z.string(),
  version: z.string(),
  digest: z.string(),
  stage: z.enum(STAGES),
  depth: z.int().describe('1: a parent or child of the model itself.'),
  of: z.string().describe('mdl_... of whose parent or child it is.'),
});

/** Everything that is known about one registered model. */
export const lineage = z.object({
  now: z.string().describe('What the ages are counted from.'),
  model: registeredModelFields,
  ancestors: z.array(relative).describe('What it was made from, each after what was made from it.'),
  descendants: z.array(relative).describe('What was made from it.'),
  complete: z.boolean().describe('False when relatives were left out, for their depth or their number.'),
  stages: z.array(
    z.object({ from: z.enum(STAGES).nullable(), to: z.enum(STAGES), by: z.string(), runId: z.string(), reason: z.string().nullable(), at: z.string() }),
  ),
  results: z
    .array(
      z.object({ gate: z.string(), verdict: z.enum(['ok', 'finding', 'violation', 'inconclusive']), summary: z.string(), runId: z.string(), at: z.string() }),
    )
    .describe('What gates found about its digest, newest first, at most 200.'),
  unknown: z.array(z.string()).describe('What nobody said or found.'),
});

export type Lineage = z.output<typeof lineage>;
export type Relative = z.output<typeof relative>;
