/** What a scorer gets of one text: ln p of each character, and mean and deviation of ln p over the vocabulary. */
export interface ToyScores {
  readonly logProbs: number[];
  readonly mu: number[];
  readonly sigma: number[];
}

export interface ToyModel {
  /** Probability of every symbol of the vocabulary after a history. */
  distribution(history: string): Float64Array;
}

const ORDER = 4;
const START = '\u0002'.repeat(ORDER - 1);

/** Character n-gram model of order 4, interpolated by Witten and Bell (1991): exact probabilities over a closed vocabulary. */
export function ngramModel(texts: readonly string[], vocabulary: readonly string[]): ToyModel {
  const index = new Map(vocabulary.map((symbol, i) => [symbol, i]));
  const counts = Array.from({ length: ORDER }, () => new Map<string, Map<string, number>>());
  for (const text of texts) {
    const padded = START + text;
    for (let i = ORDER - 1; i < padded.length; i += 1) {
      for (let n = 0; n < ORDER; n += 1) {
        const history = padded.slice(i - n, i);
        const next = counts[n]?.get(history) ?? new Map<string, number>();
        next.set(padded[i] ?? '', (next.get(padded[i] ?? '') ?? 0) + 1);
        counts[n]?.set(history, next);
      }
    }
  }
  return {
    distribution: (history) => {
      const p = new Float64Array(vocabulary.length).fill(1 / vocabulary.length);
      for (let n = 0; n < ORDER; n += 1) {
        const next = counts[n]?.get(n === 0 ? '' : history.slice(-n));
        if (next === undefined) continue;
        let total = 0;
        for (const count of next.values()) total += count;
        const kinds = next.size;
        for (let i = 0; i < p.length; i += 1) p[i] = (kinds * (p[i] ?? 0)) / (total + kinds);
        for (const [symbol, count] of next) p[index.get(symbol) ?? 0] = (p[index.get(symbol) ?? 0] ?? 0) + count / (total + kinds);
      }
      return p;
    },
  };
}

/** (1 - share) of the first model plus share of the second: how strongly the second's texts are "trained on". */
export function mixture(first: ToyModel, second: ToyModel, share: number): ToyModel {
  return {
    distribution: (history) => {
      const other = second.distribution(history);
      return first.distribution(history).map((p, i) => (1 - share) * p + share * (other[i] ?? 0));
    },
  };
}

/** Scores a text, character by character, after a prefix that is not scored itself. */
export function scoreText(model: ToyModel, vocabulary: readonly string[], text: string, prefix = ''): ToyScores {
  const full = START + prefix + text;
  const scores: ToyScores = { logProbs: [], mu: [], sigma: [] };
  for (let i = START.length + prefix.length; i < full.length; i += 1) {
    const p = model.distribution(full.slice(i - ORDER + 1, i));
    let mean = 0;
    let square = 0;
    for (const value of p) {
      mean += value * Math.log(value);
      square += value * Math.log(value) ** 2;
    }
    scores.logProbs.push(Math.log(p[vocabulary.indexOf(full[i] ?? '')] ?? 0));
    scores.mu.push(mean);
    scores.sigma.push(Math.sqrt(Math.max(square - mean * mean, 1e-300)));
  }
  return scores;
}
