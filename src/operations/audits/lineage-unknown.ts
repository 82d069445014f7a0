import type { Lineage } from './lineage-shape.ts';

/** Operations that look at a model before it serves. */
const EXPECTED_GATES = ['backdoor-scan', 'verify-model'];

/** What a reader of a lineage would look for and nobody has said or found. */
export function unknownFacts({ model, ancestors, results, complete }: Omit<Lineage, 'unknown'>): readonly string[] {
  const looked = (gate: string): boolean => results.some((result) => result.gate === gate);
  return [
    ...(model.signature === null ? ['who vouches for the files: it was registered without a signature'] : []),
    ...(ancestors.length === 0 ? ['what it was made from: no parent was named'] : []),
    ...(model.datasets.length === 0 ? ['data sets: none was named'] : []),
    ...(model.trainingRun === null ? ['training run: none was named'] : []),
    ...(model.licence === null ? ['licence: none was named'] : []),
    ...EXPECTED_GATES.filter((gate) => !looked(gate)).map((gate) => `${gate}: there is no result for this digest`),
    ...(complete ? [] : ['relatives further away: ask with a greater --depth']),
  ];
}
