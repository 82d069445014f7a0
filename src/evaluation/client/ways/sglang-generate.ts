import { z } from 'zod';
import { unsupported } from '../prompt-logprobs.ts';
import type { RawToken, Unsupported } from '../prompt-logprobs.ts';
import type { PromptCaller, Way } from './way.ts';

/** `[log-probability, token id, text]` */
const triple = z.tuple([z.number().nullable(), z.int(), z.string().nullish()]);
const reply = z.object({
  meta_info: z.object({
    prompt_tokens: z.int().nullish(),
    input_token_logprobs: z.array(triple),
    input_top_logprobs: z.array(z.array(triple).nullable()).nullish(),
  }),
});

async function read({ json }: PromptCaller, text: string, top: number): Promise<readonly RawToken[] | Unsupported> {
  const body = {
    text,
    sampling_params: { max_new_tokens: 0, temperature: 0 },
    return_logprob: true,
    logprob_start_len: 0,
    top_logprobs_num: top,
    return_text_in_logprobs: true,
  };
  const info = reply.safeParse(await json('/generate', body)).data?.meta_info;
  if (info === undefined) return unsupported('the answer holds no input_token_logprobs');
  const { prompt_tokens: counted, input_token_logprobs: own, input_top_logprobs: others } = info;
  if (typeof counted === 'number' && counted !== own.length) {
    return unsupported(`the answer has ${String(own.length)} log-probabilities for a prompt of ${String(counted)} tokens`);
  }
  return own.map(([logprob, , name], i) => ({
    name: name ?? '',
    // Some releases give the first token a 0 or a nan where others give null.
    logprob: i === 0 ? null : logprob,
    top: (others?.[i] ?? []).flatMap(([value, id, other]) => (value === null ? [] : [{ name: other ?? `token_id:${String(id)}`, logprob: value }])),
  }));
}

/** SGLang's own `/generate`. */
export const sglangGenerate: Way = { method: 'sglang-generate', read };
