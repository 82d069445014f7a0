import { z } from 'zod';
import { wallMs } from '../../core/clock.ts';
import type { RegisteredModel, RegistryService } from '../../services/registry/service.ts';
import { defineOperation } from '../declaration.ts';
import { modelName, shownModel } from '../models/registered-fields.ts';
import { lineage } from './lineage-shape.ts';
import type { Relative } from './lineage-shape.ts';
import { lineageLines } from './lineage-text.ts';
import { unknownFacts } from './lineage-unknown.ts';

const MOST_RELATIVES = 500;
const MOST_RESULTS = 200;

interface Walk {
  readonly found: Relative[];
  complete: boolean;
}

/** Depth first, each model once: a loop cannot be registered, and would end here all the same. */
async function follow(
  walk: Walk,
  seen: Set<string>,
  of: RegisteredModel,
  depth: number,
  most: number,
  next: (of: RegisteredModel) => Promise<readonly RegisteredModel[]>,
): Promise<void> {
  for (const model of await next(of)) {
    const { id, name, version, digest, stage } = model;
    if (depth > most || walk.found.length >= MOST_RELATIVES) {
      walk.complete = false;
      return;
    }
    walk.found.push({ id, name, version, digest, stage, depth, of: of.id });
    if (seen.has(id)) continue;
    seen.add(id);
    await follow(walk, seen, model, depth + 1, most, next);
  }
}

async function relatives(of: RegisteredModel, most: number, next: (of: RegisteredModel) => Promise<readonly RegisteredModel[]>): Promise<Walk> {
  const walk: Walk = { found: [], complete: true };
  await follow(walk, new Set([of.id]), of, 1, most, next);
  return walk;
}

async function parentsOf(registry: RegistryService, model: RegisteredModel): Promise<readonly RegisteredModel[]> {
  return await Promise.all(model.parents.map((id) => registry.find(id, 'model')));
}

function countsText(...[up, down, stages, results]: readonly (readonly unknown[])[]): string {
  const count = (list: readonly unknown[] | undefined, one: string): string => `${String(list?.length ?? 0)} ${one}${list?.length === 1 ? '' : 's'}`;
  return [count(up, 'ancestor'), count(down, 'descendant'), count(stages, 'stage'), count(results, 'result')].join(', ');
}

export const traceLineage = defineOperation({
  room: 'audits',
  name: 'trace-lineage',
  runbookLine: null,
  summary: 'Show where a registered model comes from, what became of it, and what was found about it.',
  description:
    'The version with its digest, origin and signature; the models that it was made from and those that were made from it; every stage that it was in, by whom and why; every result of a gate with its age. ' +
    'What is not known is said. Each stage change stands in the ledger under its run id: elulmc audits check-logs.',
  risk: 'read',
  permission: 'read',
  approvals: 0,
  input: z.strictObject({
    model: z.string().min(1).max(300).describe('Registered model: id, NAME@VERSION, digest, or NAME where it has one version.'),
    depth: z.coerce.number().int().min(1).max(50).default(10).describe('How many generations up and down.'),
  }),
  output: lineage,
  frameworks: { csf: 'ID.AM', atlas: ['AML.T0010'] },
  examples: ['elulmc audits trace-lineage --model demo@3', 'elulmc audits trace-lineage --model demo@3 --depth 1 --json'],
  errors: ['NOT_FOUND', 'FIELD_INVALID', 'DATABASE_UNAVAILABLE'],
  plan: () => Promise.resolve({ changes: [], notes: [] }),
  perform: async ({ services: { registry } }, given) => {
    const model = await registry.find(given.model, 'model');
    const up = await relatives(model, given.depth, (of) => parentsOf(registry, of));
    const down = await relatives(model, given.depth, (of) => registry.children(of.id));
    const results = (await registry.results(model.digest, MOST_RESULTS)).map(({ gate, verdict, summary, runId, at }) => ({
      gate,
      verdict,
      summary,
      runId,
      at,
    }));
    const facts = {
      now: new Date(wallMs()).toISOString(),
      model: shownModel(model),
      ancestors: up.found,
      descendants: down.found,
      complete: up.complete && down.complete,
      stages: (await registry.history(model.id)).map((change) => ({ ...change })),
      results,
    };
    const unknown = unknownFacts(facts);
    return {
      output: { ...facts, unknown: [...unknown] },
      verdict: 'ok',
      summary: `${modelName(model)} is ${model.stage} since ${model.stageAt}; ${countsText(up.found, down.found, facts.stages, results)}${unknown.length === 0 ? '.' : `; not known: ${String(unknown.length)}.`}`,
    };
  },
  undo: 'Nothing to take back: it only reads.',
  render: lineageLines,
});
