import { z } from 'zod';
import { unsupported } from '../prompt-logprobs.ts';
import type { RawToken, Unsupported } from '../prompt-logprobs.ts';
import type { PromptCaller, Way } from './way.ts';

const reply = z.object({
  choices: z
    .array(
      z.object({
        logprobs: z.object({
          tokens: z.array(z.string()),
          token_logprobs: z.array(z.number().nullable()),
          top_logprobs: z.array(z.record(z.string(), z.number()).nullable()).nullish(),
        }),
      }),
    )
    .min(1),
  usage: z.object({ prompt_tokens: z.int() }).nullish(),
});

async function readEcho(caller: PromptCaller, text: string, top: number, maxTokens: 0 | 1): Promise<readonly RawToken[] | Unsupported> {
  const body = { model: caller.model, prompt: text, echo: true, logprobs: top, max_tokens: maxTokens, temperature: 0 };
  const parsed = reply.safeParse(await caller.json('/v1/completions', body));
  const logprobs = parsed.data?.choices[0]?.logprobs;
  if (logprobs === undefined) return unsupported('the answer holds no log-probabilities');
  const { tokens, token_logprobs: values, top_logprobs: alternatives } = logprobs;
  if (values.length !== tokens.length) return unsupported(`the answer has ${String(tokens.length)} tokens and ${String(values.length)} log-probabilities`);
  // The prompt comes first; what was generated after it, at most one token, is dropped.
  const counted = parsed.data?.usage?.prompt_tokens;
  const length = maxTokens === 0 ? tokens.length : (counted ?? tokens.length - 1);
  if (counted !== undefined && (counted > tokens.length || counted !== length)) {
    return unsupported(`the answer has ${String(tokens.length)} log-probabilities for a prompt of ${String(counted)} tokens`);
  }
  return tokens.slice(0, length).map((name, i) => ({
    name,
    logprob: values[i] ?? null,
    top: Object.entries(alternatives?.[i] ?? {}).map(([other, logprob]) => ({ name: other, logprob })),
  }));
}

/** Completions with `echo` and `logprobs` (vLLM, SGLang, the embedded engine), nothing generated: a prompt may fill the whole context. */
export const echo: Way = { method: 'echo', read: (caller, text, top) => readEcho(caller, text, top, 0) };

/** The same for servers that insist on generating a token. */
export const echoAndOne: Way = { method: 'echo-and-one', read: (caller, text, top) => readEcho(caller, text, top, 1) };
