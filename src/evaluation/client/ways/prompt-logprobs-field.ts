import { z } from 'zod';
import { unsupported } from '../prompt-logprobs.ts';
import type { RawToken, Unsupported } from '../prompt-logprobs.ts';
import type { PromptCaller, Way } from './way.ts';

const entry = z.object({ logprob: z.number(), decoded_token: z.string().nullish() });
type Entry = z.output<typeof entry>;
const positions = z.array(z.record(z.string(), entry).nullable());
const reply = z.object({ choices: z.array(z.object({ prompt_logprobs: positions })).min(1) });

async function ask({ model, json }: PromptCaller, text: string, count: number): Promise<readonly (Readonly<Record<string, Entry>> | null)[] | undefined> {
  const body = { model, prompt: text, prompt_logprobs: count, max_tokens: 1, temperature: 0 };
  return reply.safeParse(await json('/v1/completions', body)).data?.choices[0]?.prompt_logprobs;
}

async function read(caller: PromptCaller, text: string, top: number): Promise<readonly RawToken[] | Unsupported> {
  // With alternatives nothing marks the token of the prompt itself (the object's order does not survive JSON), so it is asked for alone.
  const own = await ask(caller, text, 0);
  const others = top === 0 ? undefined : await ask(caller, text, top);
  if (own === undefined || (top > 0 && others?.length !== own.length)) return unsupported('the answer holds no prompt_logprobs');
  const rest: RawToken[] = [];
  for (const [i, position] of own.entries()) {
    const entries = Object.values(position ?? {});
    const [only] = entries;
    if (i === 0) continue;
    if (only === undefined || entries.length !== 1)
      return unsupported(`position ${String(i)} has ${String(entries.length)} log-probabilities where one was asked for`);
    const alternatives = Object.entries(others?.[i] ?? {}).map(([id, other]) => ({ name: other.decoded_token ?? `token_id:${id}`, logprob: other.logprob }));
    rest.push({ name: only.decoded_token ?? '', logprob: only.logprob, top: alternatives });
  }
  if (own.length === 0) return unsupported('the answer holds no position');
  // The first position is null: the server does not name its token.
  return [{ name: '', logprob: null, top: [] }, ...rest];
}

/** Completions with vLLM's own field `prompt_logprobs`. */
export const promptLogprobsField: Way = { method: 'prompt-logprobs', read };
