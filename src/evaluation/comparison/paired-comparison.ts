import { bootstrapMean } from '../statistics/bootstrap.ts';
import { requireSample } from '../statistics/checked-numbers.ts';
import { mcnemarOneSided, minimumDetectableDrop } from '../statistics/mcnemar.ts';
import { mean, sampleVariance } from '../statistics/moments.ts';
import { tangoInterval } from '../statistics/paired-proportions.ts';
import { signFlipTest } from '../statistics/sign-flip.ts';
import type { PairedItem } from './align-items.ts';

/** Candidate against base on the same items. Differences are candidate - base: a drop is negative. */
export interface PairedComparison {
  readonly items: number;
  readonly base: number;
  readonly candidate: number;
  readonly difference: number;
  /** One-sided 95 % bounds, which together are a 90 % interval. */
  readonly lower: number;
  readonly upper: number;
  /** One-sided p of "the candidate is worse". */
  readonly worseP: number;
  /** Tango's score interval and McNemar's exact test, or cluster bootstrap and sign flips for grades and repeats. */
  readonly method: 'tango-mcnemar' | 'bootstrap-sign-flip';
  /** Items that only one of the two passed; null for grades. */
  readonly discordant: { readonly baseOnly: number; readonly candidateOnly: number } | null;
  /** Variance of the difference of one item, over n: what sample sizes follow from. */
  readonly variance: number;
  /** Smallest drop that this comparison sees with 80 % power, one-sided 5 %; null when no drop would do. */
  readonly detectableDrop: number | null;
}

const TWO_ONE_SIDED = 0.9;
const Z_ALPHA_PLUS_POWER = 1.645 + 0.8416;

/** Throws a RangeError without items. The seed is used for grades and repeats only. */
export function comparePaired(items: readonly PairedItem[], seed: number): PairedComparison {
  requireSample(
    'items',
    items.map(({ base, candidate }) => candidate - base),
  );
  const isBinary = items.every(({ base, candidate }) => (base === 0 || base === 1) && (candidate === 0 || candidate === 1));
  const isClustered = new Set(items.map(({ cluster }) => cluster)).size < items.length;
  return isBinary && !isClustered ? compareBinary(items) : compareGraded(items, isClustered, seed);
}

function summary(items: readonly PairedItem[]): Pick<PairedComparison, 'items' | 'base' | 'candidate' | 'difference' | 'variance'> {
  const [base, candidate] = [mean(items.map((item) => item.base)), mean(items.map((item) => item.candidate))];
  const differences = items.map((item) => item.candidate - item.base);
  return { items: items.length, base, candidate, difference: mean(differences), variance: items.length < 2 ? 1 : sampleVariance(differences) };
}

function compareBinary(items: readonly PairedItem[]): PairedComparison {
  const baseOnly = items.filter(({ base, candidate }) => base > candidate).length;
  const candidateOnly = items.filter(({ base, candidate }) => candidate > base).length;
  const { lower, upper } = tangoInterval({ candidateOnly, baseOnly, items: items.length }, TWO_ONE_SIDED);
  return {
    ...summary(items),
    lower,
    upper,
    worseP: mcnemarOneSided(candidateOnly, baseOnly),
    method: 'tango-mcnemar',
    discordant: { baseOnly, candidateOnly },
    // No discordant item among few says little about the next ones: one is added, as Laplace does.
    detectableDrop: minimumDetectableDrop(items.length, (baseOnly + candidateOnly + 1) / (items.length + 2)),
  };
}

function compareGraded(items: readonly PairedItem[], isClustered: boolean, seed: number): PairedComparison {
  const differences = items.map(({ base, candidate }) => candidate - base);
  const sums = new Map<string, number>();
  items.forEach(({ cluster }, i) => sums.set(cluster, (sums.get(cluster) ?? 0) + (differences[i] ?? 0)));
  const interval = bootstrapMean(differences, { seed, confidence: TWO_ONE_SIDED }, isClustered ? items.map(({ cluster }) => cluster) : undefined);
  const units = [...sums.values()];
  const perItem = units.length / items.length;
  // Variance of the mean from the clusters' sums, so that repeats do not pretend to be new items.
  const spread = units.length < 2 ? null : Math.sqrt(sampleVariance(units) / units.length) * perItem;
  return {
    ...summary(items),
    lower: interval?.lower ?? -1,
    upper: interval?.upper ?? 1,
    worseP: signFlipTest(
      units.map((sum) => -sum),
      seed,
    ).greater,
    method: 'bootstrap-sign-flip',
    discordant: null,
    detectableDrop: spread === null || spread === 0 ? null : Z_ALPHA_PLUS_POWER * spread,
  };
}

/**
 * Items with which a comparison like this one would probably decide (one-sided 5 %, 80 % power), if the true difference is
 * the observed one: to show it above -margin, or below it where it lies below. Null when it sits on the margin.
 */
export function itemsToDecide({ difference, variance, items }: PairedComparison, margin: number): number | null {
  const distance = Math.abs(difference + margin);
  if (distance < 1e-6) return null;
  const needed = (Z_ALPHA_PLUS_POWER ** 2 * Math.max(variance, 1 / items)) / distance ** 2;
  return Math.ceil(needed);
}
