import { hash, randomInt } from 'node:crypto';

/** Probability of every token of the vocabulary, from the most to the least likely. */
export type Distribution = ReadonlyMap<number, number>;

export interface Sampling {
  /** 0 takes the most likely token. */
  readonly temperature: number;
  /** Share of the probability that may be drawn from, over 0 and at most 1; applied after the temperature, as vLLM does. */
  readonly topP: number;
  /** Equal seeds give equal text; null draws a new one. */
  readonly seed: number | null;
}

const TWO_48 = 2 ** 48;

/** Uniform numbers in [0, 1): the first 48 bits of SHA-256 over seed and position. The same on every machine. */
function uniform(seed: number): () => number {
  let position = 0;
  return () => hash('sha256', `${String(seed)}/${String(position++)}`, 'buffer').readUIntBE(0, 6) / TWO_48;
}

/** Draws tokens for one choice. Of several choices each adds its index to the seed. */
export class TokenSampler {
  readonly #sampling: Sampling;
  readonly #random: () => number;

  constructor(sampling: Sampling, index: number) {
    this.#sampling = sampling;
    this.#random = uniform((sampling.seed ?? randomInt(TWO_48 - 1)) + index);
  }

  pick(distribution: Distribution): number {
    const { temperature, topP } = this.#sampling;
    const tokens = [...distribution.keys()];
    const first = tokens[0] ?? 0;
    if (temperature === 0) return first;
    const best = distribution.get(first) ?? 1;
    const weights = Array.from(distribution.values(), (probability) => (probability / best) ** (1 / temperature));
    const limit = topP * weights.reduce((sum, weight) => sum + weight, 0);
    let kept = 0;
    let mass = 0;
    while (kept < weights.length && mass < limit) mass += weights[kept++] ?? 0;
    let drawn = this.#random() * mass;
    for (let i = 0; i < kept; i++) {
      drawn -= weights[i] ?? 0;
      if (drawn < 0) return tokens[i] ?? first;
    }
    return first;
  }
}
