import type { Alternative } from './generation.ts';
import { tokenSpans } from './token-spans.ts';
import type { NamedToken, Span } from './token-spans.ts';

/** How an engine can be made to tell the log-probabilities of a prompt, in the order in which they are tried. */
export const PROMPT_METHODS = ['echo', 'echo-and-one', 'prompt-logprobs', 'sglang-generate', 'tgi-prefill', 'llama-per-position'] as const;

export type PromptMethod = (typeof PROMPT_METHODS)[number];

/** One token of a prompt; `start` and `end` are bytes of its UTF-8 text. */
export interface PromptToken extends Span {
  readonly name: string;
  /** Natural logarithm of its probability after all that stands before; null for the first, which nothing predicts. */
  readonly logprob: number | null;
  /** Alternatives in its place, as many as were asked for and the method gives. */
  readonly top: readonly Alternative[];
}

export interface PromptLogprobs {
  readonly kind: 'scored';
  readonly method: PromptMethod;
  /** They spell the text, every byte once. */
  readonly tokens: readonly PromptToken[];
  /** Of the tokens with a log-probability: divide the sum by these for a score that does not depend on the tokenizer. */
  readonly scoredBytes: number;
  readonly sum: number;
}

/** The server does not tell what was asked for. Never a score. */
export interface Unsupported {
  readonly kind: 'unsupported';
  readonly reason: string;
}

/** A token as a way of asking reads it from the answer. */
export interface RawToken extends NamedToken {
  readonly logprob: number | null;
  readonly top: readonly Alternative[];
}

export function unsupported(reason: string): Unsupported {
  return { kind: 'unsupported', reason };
}

/** Servers round: a probability of 1 may come out a little above. */
const ROUNDING = 1e-4;

/**
 * Log-probabilities of a whole prompt, or why they are none: they must spell the text, the first be null (or absent before it)
 * and all others finite and not above 0. An engine that ignores `echo` fails here, because its tokens spell something else.
 */
export function checkPrompt(method: PromptMethod, text: string, raw: readonly RawToken[]): PromptLogprobs | Unsupported {
  const spans = tokenSpans(text, raw);
  if (spans === undefined)
    return unsupported(`the ${String(raw.length)} tokens of the answer do not spell the ${String(Buffer.byteLength(text))} bytes of the prompt`);
  const bad = raw.findIndex(({ logprob }, i) => (i === 0 ? logprob !== null : logprob === null || !Number.isFinite(logprob) || logprob > ROUNDING));
  if (bad === 0) return unsupported(`the first token has the log-probability ${String(raw[0]?.logprob)}, though nothing predicts it`);
  if (bad > 0) return unsupported(`token ${String(bad)} of ${String(raw.length)} has the log-probability ${String(raw[bad]?.logprob)}`);
  const tokens = raw.map(({ name, logprob, top }, i): PromptToken => {
    const { start, end } = spans[i] ?? { start: 0, end: 0 };
    return { name, start, end, logprob: logprob === null ? null : Math.min(0, logprob), top };
  });
  const scored = tokens.filter(({ logprob }) => logprob !== null);
  return {
    kind: 'scored',
    method,
    tokens,
    scoredBytes: scored.reduce((bytes, { start, end }) => bytes + end - start, 0),
    sum: scored.reduce((sum, { logprob }) => sum + (logprob ?? 0), 0),
  };
}
