import { asRecord } from '../../core/json.ts';

/** Tokens as the model server counted them; null where it does not say. */
export interface Usage {
  readonly promptTokens: number | null;
  readonly completionTokens: number | null;
}

function count(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;
}

/** Reads a `usage` object: chat and completions count prompt and completion tokens, responses input and output tokens. */
export function readUsage(value: unknown): Usage | undefined {
  const usage = asRecord(value);
  if (usage === undefined) return undefined;
  const promptTokens = count(usage['prompt_tokens'] ?? usage['input_tokens']);
  const completionTokens = count(usage['completion_tokens'] ?? usage['output_tokens']);
  return promptTokens === null && completionTokens === null ? undefined : { promptTokens, completionTokens };
}

/** Why the first choice ended, of a chat or completions object; the status of a response object. Null when it does not say. */
export function readFinish(answer: Readonly<Record<string, unknown>>): string | null {
  const choices = answer['choices'];
  const finish = Array.isArray(choices) ? asRecord(choices[0])?.['finish_reason'] : answer['status'];
  return typeof finish === 'string' ? finish.slice(0, 64) : null;
}
