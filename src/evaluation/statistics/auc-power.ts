import { requireBetween, requireCount } from './checked-numbers.ts';
import { designQuantiles, USUAL_DESIGN } from './mcnemar.ts';

/** Standard error of an AUC from its value and the two class sizes alone (J. Hanley, B. McNeil 1982, equation 1). */
export function hanleyMcNeil(auc: number, positives: number, negatives: number): number {
  requireBetween('auc', auc, 0, 1);
  requireCount('positives', positives, 1);
  requireCount('negatives', negatives, 1);
  const q1 = auc / (2 - auc);
  const q2 = (2 * auc * auc) / (1 + auc);
  const variance = auc * (1 - auc) + (positives - 1) * (q1 - auc * auc) + (negatives - 1) * (q2 - auc * auc);
  return Math.sqrt(Math.max(0, variance) / (positives * negatives));
}

/** Below ten of each the normal approximation means nothing. */
const SMALLEST_CLASS = 10;
const LARGEST_CLASS = 20_000_000;

function isDetectable(auc: number, perClass: number, [alpha, power]: readonly [number, number]): boolean {
  const chance = Math.sqrt((2 * perClass + 1) / (12 * perClass * perClass));
  return auc - 0.5 >= alpha * chance + power * hanleyMcNeil(auc, perClass, perClass);
}

/** Smallest n per class (at least 10) at which a one-sided test sees this AUC with the power of the design; auc > 1/2. */
export function aucSampleSize(auc: number, design = USUAL_DESIGN): number {
  requireBetween('auc', auc, 0.501, 1);
  const quantiles = designQuantiles(design);
  let low = SMALLEST_CLASS - 1;
  let high = LARGEST_CLASS;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (isDetectable(auc, middle, quantiles)) high = middle;
    else low = middle;
  }
  return high;
}

/** Smallest AUC that a one-sided test of so many of each class sees with the power of the design: what a test of this size cannot see lies below. */
export function detectableAuc(perClass: number, design = USUAL_DESIGN): number {
  requireCount('perClass', perClass, 1);
  const quantiles = designQuantiles(design);
  let low = 0.5;
  let high = 1;
  for (let i = 0; i < 50; i += 1) {
    const middle = (low + high) / 2;
    if (isDetectable(middle, perClass, quantiles)) high = middle;
    else low = middle;
  }
  return high;
}
