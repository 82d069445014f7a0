import { aucInterval, deLong } from '../statistics/auc.ts';
import type { AucEstimate } from '../statistics/auc.ts';
import { requireCount } from '../statistics/checked-numbers.ts';
import type { Interval } from '../statistics/proportion-intervals.ts';
import { seededGenerator, shuffle } from '../statistics/seeded-generator.ts';

/** A text and its class, as the blind baseline sees it. */
export interface LabelledText {
  readonly text: string;
  readonly member: boolean;
}

export interface BlindBaseline extends AucEstimate {
  readonly interval: Interval;
}

const FOLDS = 5;
/** Characters of a text that are looked at: a few thousand show a style, and texts are of any length. */
const LONGEST_TEXT = 20_000;

function trigrams(text: string): Map<string, number> {
  const counts = new Map<string, number>();
  const characters = Array.from(text.slice(0, LONGEST_TEXT));
  for (let i = 0; i + 3 <= characters.length; i += 1) {
    const gram = `${characters[i] ?? ''}${characters[i + 1] ?? ''}${characters[i + 2] ?? ''}`;
    counts.set(gram, (counts.get(gram) ?? 0) + 1);
  }
  return counts;
}

/** Counts of one class over a training set. */
class ClassCounts {
  readonly counts = new Map<string, number>();
  total = 0;

  add(grams: ReadonlyMap<string, number>): void {
    for (const [gram, count] of grams) {
      this.counts.set(gram, (this.counts.get(gram) ?? 0) + count);
      this.total += count;
    }
  }
}

/**
 * Scores of a classifier that never saw the model: naive Bayes over character 3-grams, one added to every count over the
 * vocabulary of both classes, score = sum of count times log ratio. `order` is a permutation of the indices; text order[i]
 * is scored by what was learned from the texts of the other folds, its own being i mod 5.
 */
export function blindScores(texts: readonly LabelledText[], order: readonly number[]): number[] {
  const grams = texts.map(({ text }) => trigrams(text));
  const scores = texts.map(() => 0);
  for (let fold = 0; fold < FOLDS; fold += 1) {
    const [members, others] = [new ClassCounts(), new ClassCounts()];
    order.forEach((index, place) => {
      if (place % FOLDS !== fold) (texts[index]?.member === true ? members : others).add(grams[index] ?? new Map<string, number>());
    });
    const vocabulary = new Set([...members.counts.keys(), ...others.counts.keys()]).size;
    const logRatio = (gram: string): number =>
      Math.log(((members.counts.get(gram) ?? 0) + 1) / (members.total + vocabulary)) -
      Math.log(((others.counts.get(gram) ?? 0) + 1) / (others.total + vocabulary));
    order.forEach((index, place) => {
      if (place % FOLDS !== fold) return;
      let score = 0;
      for (const [gram, count] of grams[index] ?? []) score += count * logRatio(gram);
      scores[index] = score;
    });
  }
  return scores;
}

/** AUC of the blind baseline with DeLong's 95 % interval, folds drawn by the seed; texts of both classes are needed. */
export function blindBaseline(texts: readonly LabelledText[], seed: number): BlindBaseline {
  requireCount('seed', seed);
  const order = shuffle(
    texts.map((_text, i) => i),
    seededGenerator(seed, 'blind-baseline'),
  );
  const scores = blindScores(texts, order);
  const estimate = deLong(
    scores.filter((_score, i) => texts[i]?.member === true),
    scores.filter((_score, i) => texts[i]?.member === false),
  );
  return { ...estimate, interval: aucInterval(estimate) };
}
