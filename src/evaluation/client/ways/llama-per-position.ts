import { z } from 'zod';
import { unsupported } from '../prompt-logprobs.ts';
import type { RawToken, Unsupported } from '../prompt-logprobs.ts';
import type { PromptCaller, Way } from './way.ts';

/** Alternatives per position: the prompt's own token must be among them. */
const SEEN = 512;
/** One request each: a longer prompt would take minutes. */
const MAX_POSITIONS = 4_096;

const piece = z.union([z.string(), z.array(z.int().min(0).max(255))]);
const tokenizeReply = z.object({ tokens: z.array(z.object({ id: z.int(), piece })).min(1) });
const candidate = z.object({ id: z.int(), token: z.string(), logprob: z.number() });
const completionReply = z.object({ completion_probabilities: z.array(z.object({ top_logprobs: z.array(candidate) })).length(1) });

async function read({ json }: PromptCaller, text: string, top: number): Promise<readonly RawToken[] | Unsupported> {
  const tokens = tokenizeReply.safeParse(await json('/tokenize', { content: text, add_special: true, parse_special: false, with_pieces: true })).data?.tokens;
  if (tokens === undefined) return unsupported('/tokenize gives no tokens with their pieces');
  if (tokens.length > MAX_POSITIONS) return unsupported(`a prompt of ${String(tokens.length)} tokens is too long for one request a token`);
  const result: RawToken[] = [];
  for (const [i, token] of tokens.entries()) {
    const named = typeof token.piece === 'string' ? { name: token.piece } : { name: '', bytes: Uint8Array.from(token.piece) };
    if (i === 0) {
      result.push({ ...named, logprob: null, top: [] });
      continue;
    }
    const before = tokens.slice(0, i).map(({ id }) => id);
    const body = { prompt: before, n_predict: 1, n_probs: Math.max(SEEN, top), temperature: 0, cache_prompt: true, post_sampling_probs: false };
    const seen = completionReply.safeParse(await json('/completion', body)).data?.completion_probabilities[0]?.top_logprobs;
    if (seen === undefined) return unsupported(`/completion gives no log-probabilities at position ${String(i)}`);
    const own = seen.find(({ id }) => id === token.id);
    // Anything else than the true value would be an estimate.
    if (own === undefined) return unsupported(`token ${String(i)} is not among the ${String(seen.length)} likeliest that the server names`);
    result.push({ ...named, logprob: own.logprob, top: seen.slice(0, top).map(({ token: name, logprob }) => ({ name, logprob })) });
  }
  return result;
}

/** llama.cpp's `/completion`, once for each token: exact, but slow, and only where every token is among the likeliest. */
export const llamaPerPosition: Way = { method: 'llama-per-position', read };
