import { z } from 'zod';
import { STAGES } from '../../services/registry/service.ts';
import type { RegisteredModel, StageChange } from '../../services/registry/service.ts';
import { refuseMove, stagesAfter } from '../../services/registry/stages.ts';
import type { OperationContext } from '../context.ts';
import { defineOperation } from '../declaration.ts';
import { modelName, touchedModel } from '../models/registered-fields.ts';

const input = z.strictObject({
  model: z.string().min(1).max(300).describe('Registered model: id, NAME@VERSION, digest, or NAME where it has one version.'),
  stage: z.enum(STAGES).describe('Where it goes.'),
  reason: z.string().trim().min(1).max(500).optional().describe('Why, for the history.'),
});

type Input = z.output<typeof input>;

interface Move {
  readonly model: RegisteredModel;
  /** What this very call has done already. */
  readonly done: StageChange | undefined;
}

/** The model, where it may go there now. GATE_NOT_MET, STAGE_NOT_REACHABLE. */
async function moveOf({ services: { registry }, runId }: OperationContext, given: Input): Promise<Move> {
  const model = await registry.find(given.model, 'model');
  const done = (await registry.history(model.id)).find((change) => change.runId === runId);
  if (done === undefined) refuseMove(model, given.stage, await registry.faults(model, given.stage));
  return { model, done };
}

const output = z.object({
  id: z.string(),
  name: z.string(),
  version: z.string(),
  digest: z.string(),
  from: z.enum(STAGES).describe('The stage before.'),
  to: z.enum(STAGES),
  changed: z.boolean().describe('False when it was there already.'),
  at: z.string().describe('Since when it is in this stage.'),
});

export const changeStage = defineOperation({
  room: 'deployment',
  name: 'change-stage',
  runbookLine: null,
  summary: 'Let a registered model into a stage, if its gates allow it.',
  description:
    'registered -> validated -> staging -> production; from staging and production back to validated, whatever the age of results; retired from anywhere but quarantined; quarantined from anywhere, and from there to registered only. ' +
    'A stage needs the results that gates in config.yaml name for it, of exactly this digest, ok and young enough; what is missing is said with the command that gives it (exit 3). ' +
    'A violation that any gate found last keeps a model out of every stage but retired and quarantined, until a newer result clears it.',
  risk: 'change',
  permission: 'operate',
  approvals: 0,
  input,
  positional: ['model'],
  output,
  frameworks: { csf: 'PR.PS', atlas: ['AML.T0010', 'AML.T0018'] },
  examples: [
    'elulmc deployment change-stage demo@3 --stage validated',
    'elulmc deployment change-stage demo@3 --stage quarantined --reason "scanner finding, see run"',
  ],
  errors: ['NOT_FOUND', 'FIELD_INVALID', 'GATE_NOT_MET', 'STAGE_NOT_REACHABLE', 'CONFLICT', 'DATABASE_UNAVAILABLE'],
  plan: async (context, given) => {
    const { model, done } = await moveOf(context, given);
    const touches = [touchedModel(model, model)];
    if (done !== undefined) return { changes: [], notes: [`this call has moved ${modelName(model)} to ${done.to} already`], touches };
    if (model.stage === given.stage) return { changes: [], notes: [`${modelName(model)} is ${given.stage} already`], touches };
    return { changes: [`move ${modelName(model)} (digest ${model.digest}) from ${model.stage} to ${given.stage}`], notes: [], touches };
  },
  perform: async (context, given) => {
    const { model, done } = await moveOf(context, given);
    const { name, version, id, digest } = model;
    const { actor, runId, services } = context;
    const moved = done === undefined ? await services.registry.move(model, given.stage, { by: actor.id, runId, reason: given.reason ?? null }) : model;
    const from = done?.from ?? model.stage;
    const to = done?.to ?? moved.stage;
    const changed = from !== to;
    return {
      output: { id, name, version, digest, from, to, changed, at: done?.at ?? moved.stageAt },
      verdict: 'ok',
      summary: `${modelName(model)} (digest ${digest}) ${changed ? `went from ${from} to ${to}` : `is ${to} already`}.`,
    };
  },
  undo: 'elulmc deployment change-stage MODEL --stage STAGE, where a way leads back: from staging and production to validated, from quarantined to registered.',
  compensate: (_given, { id, from, to, changed }) =>
    changed && stagesAfter(to).includes(from) ? { room: 'deployment', name: 'change-stage', input: { model: id, stage: from } } : null,
});
