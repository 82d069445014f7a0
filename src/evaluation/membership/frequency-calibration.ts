import { requireCount } from '../statistics/checked-numbers.ts';

/** How often each token occurs in a corpus that stands for "text in general", and how many different tokens there are. */
export interface TokenFrequencies {
  readonly counts: ReadonlyMap<string, number>;
  readonly vocabulary: number;
}

/** One common token that is near certain would outweigh all others. */
const LARGEST_TERM = 0.01;

/** A scorer over one frequency table: the table's total is summed once. */
export interface FrequencyScorer {
  score(logProbs: readonly number[], tokens: readonly string[]): number | null;
}

/**
 * DC-PDD (W. Zhang et al. 2024): mean over the first occurrence of each token of min(p ln(1/f), 0.01), f the frequency in the
 * table with one added to every count. The sign of the published score is not established: orient it on known data before
 * use. Null without tokens.
 */
export function frequencyScorer({ counts, vocabulary }: TokenFrequencies): FrequencyScorer {
  requireCount('vocabulary', vocabulary, 1);
  let total = vocabulary;
  for (const count of counts.values()) total += count;
  return {
    score: (logProbs, tokens) => {
      const seen = new Set<string>();
      let sum = 0;
      tokens.forEach((token, i) => {
        if (seen.has(token)) return;
        seen.add(token);
        const frequency = ((counts.get(token) ?? 0) + 1) / total;
        sum += Math.min(-Math.exp(logProbs[i] ?? -Infinity) * Math.log(frequency), LARGEST_TERM);
      });
      return seen.size === 0 ? null : sum / seen.size;
    },
  };
}
