import type { PromptMethod } from '../prompt-logprobs.ts';
import { echo, echoAndOne } from './echo.ts';
import { llamaPerPosition } from './llama-per-position.ts';
import { promptLogprobsField } from './prompt-logprobs-field.ts';
import { sglangGenerate } from './sglang-generate.ts';
import { tgiPrefill } from './tgi-prefill.ts';
import type { Way } from './way.ts';

export const WAYS: Readonly<Record<PromptMethod, Way>> = {
  echo,
  'echo-and-one': echoAndOne,
  'prompt-logprobs': promptLogprobsField,
  'sglang-generate': sglangGenerate,
  'tgi-prefill': tgiPrefill,
  'llama-per-position': llamaPerPosition,
};
