import type { Distribution } from './token-sampler.ts';
import { continuesCharacter, tokenByte, tokenName } from './vocabulary.ts';

/** JSON has no infinity: vLLM gives this for a token of probability 0. */
const IMPOSSIBLE = -9999;

/** `choices[].logprobs` of POST /v1/completions; natural logarithms, before temperature and top_p. */
export interface Logprobs {
  readonly text_offset: number[];
  readonly token_logprobs: (number | null)[];
  readonly tokens: string[];
  readonly top_logprobs: (Record<string, number> | null)[];
}

function logarithm(probability: number | undefined): number {
  return Math.max(Math.log(probability ?? 0), IMPOSSIBLE);
}

function alternatives(distribution: Distribution, chosen: number, count: number): Record<string, number> {
  const top: Record<string, number> = {};
  let left = count;
  for (const [token, probability] of distribution) {
    if (left-- <= 0) break;
    top[tokenName(token)] = logarithm(probability);
  }
  top[tokenName(chosen)] = logarithm(distribution.get(chosen));
  return top;
}

/** Collects the log-probabilities of one choice; offsets count characters of its text. */
export class LogprobsRecorder {
  readonly #count: number;
  #characters = 0;
  #pending = empty();

  constructor(count: number) {
    this.#count = count;
  }

  /** `distribution` is that before the token; undefined for the first of a prompt, which nothing predicts. */
  add(token: number, distribution: Distribution | undefined): void {
    const continues = continuesCharacter(token) && this.#characters > 0;
    this.#pending.tokens.push(tokenName(token));
    this.#pending.text_offset.push(continues ? this.#characters - 1 : this.#characters);
    this.#pending.token_logprobs.push(distribution === undefined ? null : logarithm(distribution.get(token)));
    this.#pending.top_logprobs.push(distribution === undefined ? null : alternatives(distribution, token, this.#count));
    if (!continues && tokenByte(token) !== undefined) this.#characters++;
  }

  /** What was added since the last call. */
  take(): Logprobs {
    const taken = this.#pending;
    this.#pending = empty();
    return taken;
  }
}

function empty(): Logprobs {
  return { text_offset: [], token_logprobs: [], tokens: [], top_logprobs: [] };
}
