import type { AucEstimate } from '../statistics/auc.ts';
import { aucInterval, deLong } from '../statistics/auc.ts';
import type { Interval } from '../statistics/proportion-intervals.ts';
import type { SeededGenerator } from '../statistics/seeded-generator.ts';
import { seededGenerator, shuffle } from '../statistics/seeded-generator.ts';
import type { SparseVector } from './hashed-text.ts';
import { HASHED_DIMENSIONS, hashedTfIdf } from './hashed-text.ts';

export interface DomainClassifier extends AucEstimate {
  readonly interval: Interval;
}

export interface TextDrift {
  /** How well current texts are told from reference texts that were not used to learn. */
  readonly current: DomainClassifier;
  /** The same for the second half of the reference against its first. */
  readonly reference: DomainClassifier;
  readonly drifted: boolean;
}

const FOLDS = 5;
const EPOCHS = 12;
const LEARNING_RATE = 2;
const PENALTY = 1e-4;
const SMALLEST_SET = 25;
/** An AUC under this is no drift that matters, however sure. */
const SMALLEST_DRIFT = 0.55;

/** Logistic regression by stochastic gradient steps that shrink with the square root of the epoch, with an L2 penalty on the weights touched. */
function learn(vectors: readonly SparseVector[], labels: readonly boolean[], training: number[], random: SeededGenerator): (vector: SparseVector) => number {
  const weights = new Float64Array(HASHED_DIMENSIONS);
  let bias = 0;
  const score = ({ places, values }: SparseVector): number => {
    let sum = bias;
    for (let i = 0; i < places.length; i += 1) sum += (weights[places[i] ?? 0] ?? 0) * (values[i] ?? 0);
    return sum;
  };
  for (let epoch = 0; epoch < EPOCHS; epoch += 1) {
    const rate = LEARNING_RATE / Math.sqrt(1 + epoch);
    for (const index of shuffle(training, random)) {
      const vector = vectors[index];
      if (vector === undefined) continue;
      const error = (labels[index] === true ? 1 : 0) - 1 / (1 + Math.exp(-score(vector)));
      bias += rate * error * 0.1;
      vector.places.forEach((place, i) => {
        const weight = weights[place] ?? 0;
        weights[place] = weight + rate * (error * (vector.values[i] ?? 0) - PENALTY * weight);
      });
    }
  }
  return score;
}

/**
 * AUC, by five folds, of a logistic regression over hashed TF-IDF that tells two sets of texts apart, with DeLong's 95 %
 * interval: one half means that they cannot be told apart. Null with fewer than 25 texts in a set.
 */
export function domainClassifier(first: readonly string[], second: readonly string[], seed: number): DomainClassifier | null {
  if (first.length < SMALLEST_SET || second.length < SMALLEST_SET) return null;
  const vectors = hashedTfIdf([...first, ...second]);
  const labels = vectors.map((_vector, i) => i >= first.length);
  const random = seededGenerator(seed, 'domain-classifier');
  const order = shuffle(
    vectors.map((_vector, i) => i),
    random,
  );
  const scores = vectors.map(() => 0);
  for (let fold = 0; fold < FOLDS; fold += 1) {
    const score = learn(
      vectors,
      labels,
      order.filter((_index, place) => place % FOLDS !== fold),
      random,
    );
    order.forEach((index, place) => {
      const vector = vectors[index];
      if (place % FOLDS === fold && vector !== undefined) scores[index] = score(vector);
    });
  }
  const estimate = deLong(scores.slice(first.length), scores.slice(0, first.length));
  return { ...estimate, interval: aucInterval(estimate) };
}

/** Drift of texts, in the order of time: the current ones must be told from the reference better than the reference's halves from each other. Null with too few texts. */
export function textDrift(reference: readonly string[], current: readonly string[], seed: number): TextDrift | null {
  const middle = Math.floor(reference.length / 2);
  const itself = domainClassifier(reference.slice(0, middle), reference.slice(middle), seed);
  const now = domainClassifier(reference, current, seed);
  if (itself === null || now === null) return null;
  return { current: now, reference: itself, drifted: now.interval.lower > Math.max(SMALLEST_DRIFT, itself.auc) };
}
