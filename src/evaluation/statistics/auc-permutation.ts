import { requireCount, requireSample } from './checked-numbers.ts';
import { midranks } from './ranks.ts';
import type { SeededGenerator } from './seeded-generator.ts';
import { seededGenerator } from './seeded-generator.ts';

/** A score, its class, and the group that it may be exchanged within (records of one source, one length, one date). */
export interface LabelledScore {
  readonly score: number;
  readonly positive: boolean;
  readonly group?: string | undefined;
}

/** Twice the midranks of one group, an integer each, and how many of them belong to positives. */
interface Pool {
  readonly ranks: Int32Array;
  readonly positives: number;
}

/**
 * One-sided permutation p of an AUC: labels are exchanged within groups, p = (1 + hits) / (1 + shuffles), so never 0. With
 * one group this is the permutation form of the Mann-Whitney test. Doubled midranks are whole numbers, so ties are exact.
 * Throws a RangeError when a class is empty or a score is not finite.
 */
export function aucPermutationTest(scores: readonly LabelledScore[], seed: number, shuffles = 10_000): number {
  requireSample(
    'scores',
    scores.map(({ score }) => score),
  );
  requireCount('shuffles', shuffles, 1);
  const positives = scores.filter(({ positive }) => positive).length;
  if (positives === 0 || positives === scores.length) throw new RangeError('scores of both classes are needed');
  const ranks = Int32Array.from(midranks(scores.map(({ score }) => score)).ranks, (rank) => rank * 2);
  const observed = scores.reduce((sum, { positive }, i) => sum + (positive ? (ranks[i] ?? 0) : 0), 0);
  const pools = poolsByGroup(scores, ranks);
  const random = seededGenerator(seed, 'auc-permutation');
  let hits = 0;
  for (let shuffle = 0; shuffle < shuffles; shuffle += 1) {
    let sum = 0;
    for (const pool of pools) sum += drawPositives(pool, random);
    if (sum >= observed) hits += 1;
  }
  return (1 + hits) / (1 + shuffles);
}

function poolsByGroup(scores: readonly LabelledScore[], ranks: Int32Array): Pool[] {
  const groups = new Map<string | undefined, { ranks: number[]; positives: number }>();
  scores.forEach(({ positive, group }, i) => {
    const pool = groups.get(group) ?? { ranks: [], positives: 0 };
    pool.ranks.push(ranks[i] ?? 0);
    pool.positives += positive ? 1 : 0;
    groups.set(group, pool);
  });
  return [...groups.values()].map((pool) => ({ ranks: Int32Array.from(pool.ranks), positives: pool.positives }));
}

/** Sum of the ranks of a random choice of positives: the first steps of a Fisher-Yates shuffle. */
function drawPositives({ ranks, positives }: Pool, random: SeededGenerator): number {
  let sum = 0;
  for (let i = 0; i < positives; i += 1) {
    const j = i + random.below(ranks.length - i);
    const drawn = ranks[j] ?? 0;
    ranks[j] = ranks[i] ?? 0;
    ranks[i] = drawn;
    sum += drawn;
  }
  return sum;
}
