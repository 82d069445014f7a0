import { requireSample } from '../statistics/checked-numbers.ts';
import type { FrequencyScorer } from './frequency-calibration.ts';
import { commonSubstringShare, ngramCoverage } from './ngram-coverage.ts';
import type { Method, TokenRecord } from './token-record.ts';
import * as token from './token-scores.ts';

export interface ScoringOptions {
  /** Share of the least likely tokens of Min-K % and Min-K %++; default 0.2. */
  readonly lowestShare?: number;
  readonly frequencies?: FrequencyScorer;
}

/** Throws a RangeError that names the field: numbers of a server are not trusted, and a NaN would spoil every rank after it. */
function requireTokens(record: TokenRecord): void {
  const { logProbs, reference = [], lowercase = [], conditioned = [], mu, sigma, tokens, zlibBytes } = record;
  for (const [name, values] of Object.entries({ logProbs, reference, lowercase, conditioned, mu: mu ?? [], sigma: sigma ?? [] }))
    requireSample(name, values, 0);
  for (const [name, values] of Object.entries({ mu, sigma, tokens })) {
    if (values !== undefined && values.length !== logProbs.length)
      throw new RangeError(`${name} has ${String(values.length)} values for ${String(logProbs.length)} tokens`);
  }
  if (sigma?.some((value) => value < 0) === true) throw new RangeError('sigma is negative');
  if (zlibBytes !== undefined && !(zlibBytes > 0)) throw new RangeError('zlibBytes must be positive');
}

/** Every score that the record's fields allow; a method whose fields are absent is absent, one that cannot say anything is null. */
export function scoreRecord(record: TokenRecord, { lowestShare = 0.2, frequencies }: ScoringOptions = {}): Partial<Record<Method, number | null>> {
  requireTokens(record);
  const { text, logProbs, reference, sameTokenizer = true, lowercase, conditioned, mu, sigma, zlibBytes, tokens, suffix, samples } = record;
  const scores: Partial<Record<Method, number | null>> = {};
  if (logProbs.length > 0) {
    scores.loss = token.meanLogLikelihood(logProbs);
    scores['min-k'] = token.minK(logProbs, lowestShare);
    if (mu !== undefined && sigma !== undefined) scores['min-k++'] = token.minKPlusPlus(logProbs, mu, sigma, lowestShare);
    if (zlibBytes !== undefined) scores.zlib = token.zlibScore(logProbs, zlibBytes);
    if (lowercase !== undefined) scores.lowercase = token.lowercaseScore(logProbs, lowercase);
    if (conditioned !== undefined) scores.recall = token.recallScore(logProbs, conditioned);
    if (tokens !== undefined && frequencies !== undefined) scores['dc-pdd'] = frequencies.score(logProbs, tokens);
    if (reference !== undefined && sameTokenizer) {
      if (reference.length !== logProbs.length) throw new RangeError(`reference has ${String(reference.length)} values for ${String(logProbs.length)} tokens`);
      scores.wbc = token.windowComparison(logProbs, reference);
      scores.reference = token.referenceScore(logProbs, reference);
    } else if (reference !== undefined) {
      scores.reference = token.referenceScorePerByte(logProbs, reference, text);
    }
  }
  if (suffix !== undefined && samples !== undefined) {
    scores.coverage = ngramCoverage(suffix, samples);
    scores['common-substring'] = commonSubstringShare(suffix, samples);
  }
  return scores;
}
