import { z } from 'zod';
import { unsupported } from '../prompt-logprobs.ts';
import type { RawToken, Unsupported } from '../prompt-logprobs.ts';
import type { PromptCaller, Way } from './way.ts';

const reply = z.object({ details: z.object({ prefill: z.array(z.object({ text: z.string(), logprob: z.number().nullable() })) }) });

async function read({ json }: PromptCaller, text: string): Promise<readonly RawToken[] | Unsupported> {
  const body = { inputs: text, parameters: { max_new_tokens: 1, details: true, decoder_input_details: true } };
  const answer = await json('/generate', body);
  const prefill = reply.safeParse(Array.isArray(answer) ? answer[0] : answer).data?.details.prefill;
  if (prefill === undefined || prefill.length === 0) return unsupported('the answer holds no details.prefill (TGI 3 needs --enable-prefill-logprobs)');
  return prefill.map(({ text: name, logprob }) => ({ name, logprob, top: [] }));
}

/** TGI's `/generate` with `decoder_input_details`. It names no alternatives. */
export const tgiPrefill: Way = { method: 'tgi-prefill', read };
