import { z } from 'zod';
import { ElulmcError } from '../core/errors.ts';
import { asRecord } from '../core/json.ts';
import { CONTEXT_TOKENS } from './loaded-model.ts';
import type { Sampling } from './token-sampler.ts';
import { BOS, VOCABULARY_SIZE, decodeTokens, encodeText } from './vocabulary.ts';

const MAX_CHOICES = 128;
const MAX_LOGPROBS = 20;

export interface Prompt {
  /** With BOS, unless the caller sent token ids without one. */
  readonly tokens: readonly number[];
  readonly text: string;
  /** Most tokens of the answer: what the caller wants, else what fits. */
  readonly maxTokens: number;
}

/** What both inference endpoints ask of the model. */
export interface GenerationRequest {
  readonly prompts: readonly Prompt[];
  /** Choices per prompt. */
  readonly n: number;
  readonly sampling: Sampling;
  readonly stops: readonly string[];
  readonly stream: boolean;
  readonly includeUsage: boolean;
  readonly echo: boolean;
  /** Alternatives to name per token; null: no log-probabilities. */
  readonly logprobs: number | null;
}

const token = z
  .int()
  .min(0)
  .max(VOCABULARY_SIZE - 1);
const tokens = z.array(token).min(1, 'must not be empty');
const texts = z.array(z.string()).min(1, 'must not be empty').max(MAX_CHOICES);

const shared = {
  n: z.int().min(1).max(MAX_CHOICES).nullish(),
  temperature: z.number().min(0).nullish(),
  top_p: z.number().gt(0).max(1).nullish(),
  seed: z.int().nullish(),
  stop: z.union([z.string().min(1), z.array(z.string().min(1)).max(16)], 'must be a text or up to 16 texts, none empty').nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
  max_tokens: z.int().min(0).nullish(),
};

const message = z.object({
  role: z.string(),
  content: z.union([z.string(), z.array(z.object({ type: z.literal('text'), text: z.string() }))], 'must be a text or text parts'),
});
const messages = z.array(message).min(1, 'must not be empty');

const completionBody = z.object({
  ...shared,
  prompt: z.union([z.string(), tokens, texts, z.array(tokens).min(1).max(MAX_CHOICES)], 'must be a text, token ids below 260, or a list of either'),
  echo: z.boolean().nullish(),
  logprobs: z.int().min(0).max(MAX_LOGPROBS).nullish(),
});

const chatBody = z.object({ ...shared, messages, max_completion_tokens: z.int().min(1).nullish() });

const tokenizeBody = z.union(
  [z.object({ prompt: z.string(), add_special_tokens: z.boolean().default(true) }), z.object({ messages })],
  'needs prompt (a text) or messages',
);

const detokenizeBody = z.object({ tokens: z.array(token) });

/** Fields of the dialect that this engine does not have, with the values (as JSON) that ask for nothing. */
const ABSENT: Readonly<Record<string, readonly string[]>> = {
  best_of: ['1'],
  frequency_penalty: ['0'],
  logit_bias: ['{}'],
  min_p: ['0'],
  presence_penalty: ['0'],
  prompt_logprobs: [],
  repetition_penalty: ['1'],
  response_format: ['{"type":"text"}'],
  suffix: ['""'],
  tools: ['[]'],
  top_k: ['-1', '0'],
  top_logprobs: ['0'],
};

/** Parses `body` or throws FIELD_INVALID with the path of the first field at fault. */
function parse<S extends z.ZodType>(schema: S, body: unknown): z.output<S> {
  if (asRecord(body) === undefined) throw new ElulmcError('FIELD_INVALID', 'the body must be a JSON object');
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const field = issue?.path.join('.') ?? '';
  throw new ElulmcError('FIELD_INVALID', `${field === '' ? 'the body' : field}: ${issue?.message ?? 'is invalid'}`, { field });
}

function refuseAbsent(body: unknown, extra: Readonly<Record<string, readonly string[]>>): void {
  const record = asRecord(body) ?? {};
  for (const [field, neutral] of Object.entries({ ...ABSENT, ...extra })) {
    const value = record[field];
    if (value === undefined || value === null || neutral.includes(JSON.stringify(value))) continue;
    throw new ElulmcError('FIELD_INVALID', `${field} is not supported by the embedded engine`, { field });
  }
}

function withBudget(ids: readonly number[], text: string, wanted: number | null, field: string): Prompt {
  const room = CONTEXT_TOKENS - ids.length;
  const limit = `This model's maximum context length is ${String(CONTEXT_TOKENS)} tokens (one token a byte, prompt and answer together)`;
  if (room < 0 || (room === 0 && wanted !== 0)) {
    throw new ElulmcError('FIELD_INVALID', `${limit}; the prompt alone has ${String(ids.length)}. Shorten it.`, { field: 'prompt' });
  }
  if (wanted !== null && wanted > room) {
    throw new ElulmcError('FIELD_INVALID', `${limit}; the prompt has ${String(ids.length)} and ${field} asks for ${String(wanted)}.`, { field });
  }
  return { tokens: ids, text, maxTokens: wanted ?? room };
}

function textPrompt(text: string): readonly [readonly number[], string] {
  return [[BOS, ...encodeText(text)], text];
}

type CompletionPrompt = z.output<typeof completionBody>['prompt'];

function promptsOf(prompt: CompletionPrompt): (readonly [readonly number[], string])[] {
  if (typeof prompt === 'string') return [textPrompt(prompt)];
  const list = typeof prompt[0] === 'number' ? [prompt as number[]] : (prompt as (string | number[])[]);
  return list.map((item) => (typeof item === 'string' ? textPrompt(item) : [item, decodeTokens(item)]));
}

type Shared = Pick<z.output<typeof completionBody>, keyof typeof shared>;

function sharedFields(body: Shared): Pick<GenerationRequest, 'n' | 'sampling' | 'stops' | 'stream' | 'includeUsage'> {
  const stream = body.stream ?? false;
  const options = body.stream_options ?? null;
  if (!stream && options !== null) {
    throw new ElulmcError('FIELD_INVALID', 'stream_options can only be set when stream is true', { field: 'stream_options' });
  }
  return {
    n: body.n ?? 1,
    sampling: { temperature: body.temperature ?? 1, topP: body.top_p ?? 1, seed: body.seed ?? null },
    stops: [body.stop ?? []].flat(),
    stream,
    includeUsage: options?.include_usage ?? false,
  };
}

/** Body of POST /v1/completions. Throws FIELD_INVALID. */
export function parseCompletion(body: unknown): GenerationRequest {
  const fields = parse(completionBody, body);
  refuseAbsent(body, {});
  const echo = fields.echo ?? false;
  const wanted = fields.max_tokens ?? null;
  if (wanted === 0 && !echo) throw new ElulmcError('FIELD_INVALID', 'max_tokens must be at least 1 without echo', { field: 'max_tokens' });
  const prompts = promptsOf(fields.prompt).map(([ids, text]) => withBudget(ids, text, wanted, 'max_tokens'));
  const request = { ...sharedFields(fields), prompts, echo, logprobs: fields.logprobs ?? null };
  if (prompts.length * request.n > MAX_CHOICES) throw new ElulmcError('FIELD_INVALID', `at most ${String(MAX_CHOICES)} choices a request`, { field: 'n' });
  return request;
}

/** The whole chat template: contents joined by newlines, and a newline before the answer. The models follow no roles. */
function chatText(list: z.output<typeof messages>): string {
  return list.map(({ content }) => (typeof content === 'string' ? content : content.map((part) => part.text).join('')) + '\n').join('');
}

/** Body of POST /v1/chat/completions. Throws FIELD_INVALID. */
export function parseChat(body: unknown): GenerationRequest {
  const fields = parse(chatBody, body);
  refuseAbsent(body, { logprobs: ['false'], echo: ['false'] });
  const field = typeof fields.max_completion_tokens === 'number' ? 'max_completion_tokens' : 'max_tokens';
  const wanted = fields[field] ?? null;
  if (wanted === 0) throw new ElulmcError('FIELD_INVALID', `${field} must be at least 1`, { field });
  const [ids, text] = textPrompt(chatText(fields.messages));
  return { ...sharedFields(fields), prompts: [withBudget(ids, text, wanted, field)], echo: false, logprobs: null };
}

/** Body of POST /tokenize: a text or a chat. */
export function parseTokenize(body: unknown): readonly number[] {
  const fields = parse(tokenizeBody, body);
  if ('messages' in fields) return textPrompt(chatText(fields.messages))[0];
  return fields.add_special_tokens ? textPrompt(fields.prompt)[0] : encodeText(fields.prompt);
}

/** Body of POST /detokenize. */
export function parseDetokenize(body: unknown): string {
  return decodeTokens(parse(detokenizeBody, body).tokens);
}
