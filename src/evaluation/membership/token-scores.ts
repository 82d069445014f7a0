import { requireBetween } from '../statistics/checked-numbers.ts';

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** A quotient, or null where it says nothing. */
function ratio(numerator: number | null, denominator: number | null): number | null {
  if (numerator === null || denominator === null || denominator === 0) return null;
  return numerator / denominator;
}

/** Mean log-likelihood of the tokens, the score LOSS (S. Yeom et al. 2018); null without tokens. */
export function meanLogLikelihood(logProbs: readonly number[]): number | null {
  return ratio(total(logProbs), logProbs.length);
}

/** Mean log-likelihood per byte of the compressed text (N. Carlini et al. 2021, "zlib entropy"). */
export function zlibScore(logProbs: readonly number[], zlibBytes: number): number | null {
  return ratio(meanLogLikelihood(logProbs), zlibBytes);
}

/** Difference of the mean log-likelihoods of model and reference; both count the same tokens (N. Carlini et al. 2021). */
export function referenceScore(logProbs: readonly number[], reference: readonly number[]): number | null {
  const [target, other] = [meanLogLikelihood(logProbs), meanLogLikelihood(reference)];
  return target === null || other === null ? null : target - other;
}

/** The same for models with different tokenizers: log-likelihood per byte of text, in bits. */
export function referenceScorePerByte(logProbs: readonly number[], reference: readonly number[], text: string): number | null {
  if (logProbs.length === 0 || reference.length === 0) return null;
  return ratio((total(logProbs) - total(reference)) / Math.LN2, Buffer.byteLength(text, 'utf8'));
}

/** Mean log-likelihood of the lower-cased text over that of the text (N. Carlini et al. 2021). */
export function lowercaseScore(logProbs: readonly number[], lowercase: readonly number[]): number | null {
  return ratio(meanLogLikelihood(lowercase), meanLogLikelihood(logProbs));
}

/** Mean log-likelihood after a prefix of non-members over that without (ReCaLL, R. Xie et al. 2024). */
export function recallScore(logProbs: readonly number[], conditioned: readonly number[]): number | null {
  return ratio(meanLogLikelihood(conditioned), meanLogLikelihood(logProbs));
}

/** Mean of the lowest max(1, floor(share * T)) values. */
function meanOfLowest(values: ArrayLike<number>, share: number): number | null {
  requireBetween('share', share, 0, 1);
  if (values.length === 0) return null;
  const lowest = Float64Array.from(values)
    .sort()
    .subarray(0, Math.max(1, Math.floor(values.length * share)));
  return lowest.reduce((sum, value) => sum + value, 0) / lowest.length;
}

/** Min-K %: mean log-probability of the least likely tokens (W. Shi et al. 2024). */
export function minK(logProbs: readonly number[], share = 0.2): number | null {
  return meanOfLowest(logProbs, share);
}

/**
 * Min-K %++: the same of (l - mu) / sigma, mu and sigma over the vocabulary (J. Zhang et al. 2025). Where the model knows the
 * next token for certain (sigma 0) the token says nothing and counts as 0.
 */
export function minKPlusPlus(logProbs: readonly number[], mu: readonly number[], sigma: readonly number[], share = 0.2): number | null {
  const standard = logProbs.map((logProb, i) => ((sigma[i] ?? 0) > 0 ? (logProb - (mu[i] ?? 0)) / (sigma[i] ?? 1) : 0));
  return meanOfLowest(standard, share);
}

const WINDOWS = [2, 3, 4, 6, 9, 13, 18, 25, 32, 40] as const;
/** Both models may give a window the same probability; rounding must not count as a win. */
const EQUAL = 1e-9;

/**
 * Window-based comparison (2601.02751): share of the windows of w tokens that the model finds likelier than the reference
 * does, mean over the window lengths that fit. Null for fewer than two tokens.
 */
export function windowComparison(logProbs: readonly number[], reference: readonly number[], windows: readonly number[] = WINDOWS): number | null {
  const prefix = new Float64Array(logProbs.length + 1);
  logProbs.forEach((logProb, i) => {
    prefix[i + 1] = (prefix[i] ?? 0) + logProb - (reference[i] ?? 0);
  });
  const shares = windows
    .filter((width) => width <= logProbs.length)
    .map((width) => {
      let wins = 0;
      for (let end = width; end < prefix.length; end += 1) if ((prefix[end] ?? 0) - (prefix[end - width] ?? 0) > EQUAL) wins += 1;
      return wins / (logProbs.length - width + 1);
    });
  return meanLogLikelihood(shares);
}
