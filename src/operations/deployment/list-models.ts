import { z } from 'zod';
import { wallMs } from '../../core/clock.ts';
import { resultText } from '../../services/registry/gate-faults.ts';
import { STAGES } from '../../services/registry/service.ts';
import { defineOperation } from '../declaration.ts';
import { modelName, registeredModelFields, shownModel } from '../models/registered-fields.ts';

const output = z.object({
  now: z.string().describe('What the ages are counted from.'),
  models: z.array(
    registeredModelFields.extend({
      gates: z
        .array(z.object({ gate: z.string(), verdict: z.enum(['ok', 'finding', 'violation', 'inconclusive']), at: z.string(), summary: z.string() }))
        .describe('The newest result of each gate.'),
    }),
  ),
});

type Output = z.output<typeof output>;

const SHORT_DIGEST = 16;

function rowsOf({ models, now }: Output): readonly (readonly string[])[] {
  const nowMs = Date.parse(now);
  return models.map((model) => [
    modelName(model),
    model.stage,
    model.gates.map((result) => `${result.gate} ${resultText(result, nowMs)}`).join(', ') || 'no results',
    model.digest.slice(0, SHORT_DIGEST),
  ]);
}

function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

export const listModels = defineOperation({
  room: 'deployment',
  name: 'list-models',
  runbookLine: null,
  summary: 'List registered models with their stages and the age of what was found about them.',
  description:
    'Newest first: name and version, stage, the newest result of each gate with its age, and the beginning of the digest. A model that has a violation as its newest result is a finding (exit 3), ' +
    'unless it is retired or quarantined.',
  risk: 'read',
  permission: 'read',
  approvals: 0,
  input: z.strictObject({ stage: z.array(z.enum(STAGES)).min(1).max(STAGES.length).optional().describe('Only models in this stage. Default: all of them.') }),
  output,
  frameworks: { csf: 'ID.AM' },
  examples: ['elulmc deployment list-models', 'elulmc deployment list-models --stage production --json'],
  errors: ['DATABASE_UNAVAILABLE'],
  plan: () => Promise.resolve({ changes: [], notes: [] }),
  perform: async ({ services: { registry } }, given) => {
    const models = [];
    for (const model of await registry.list(given.stage)) {
      const gates = (await registry.gates(model.digest)).map(({ gate, verdict, at, summary }) => ({ gate, verdict, at, summary }));
      models.push({ ...shownModel(model), gates });
    }
    const inUse = models.filter(({ stage }) => stage !== 'retired' && stage !== 'quarantined');
    const violated = inUse.filter(({ gates }) => gates.some(({ verdict }) => verdict === 'violation')).map(modelName);
    const count = `${String(models.length)} registered ${models.length === 1 ? 'model' : 'models'}`;
    return {
      output: { now: new Date(wallMs()).toISOString(), models },
      verdict: violated.length === 0 ? 'ok' : 'finding',
      summary: violated.length === 0 ? `${count}.` : `${count}; a gate is violated for ${violated.join(', ')}.`,
    };
  },
  undo: 'Nothing to take back: it only reads.',
  render: (given) => (given.models.length === 0 ? ['no model is registered'] : table([['MODEL', 'STAGE', 'GATES', 'DIGEST'], ...rowsOf(given)])),
});
