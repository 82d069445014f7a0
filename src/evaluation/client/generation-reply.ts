import { z } from 'zod';
import { ElulmcError } from '../../core/errors.ts';
import { asRecord } from '../../core/json.ts';
import type { Alternative, GeneratedToken, Generation, ToolCall, Usage } from './generation.ts';

const completionLogprobs = z.object({
  tokens: z.array(z.string()),
  token_logprobs: z.array(z.number().nullable()),
  top_logprobs: z.array(z.record(z.string(), z.number()).nullable()).nullish(),
});

const alternative = z.object({ token: z.string(), logprob: z.number() });
const chatLogprobs = z.object({ content: z.array(alternative.extend({ top_logprobs: z.array(alternative).nullish() })).nullish() });

const toolCall = z.object({
  index: z.int().min(0).max(1_000).nullish(),
  id: z.string().nullish(),
  function: z.object({ name: z.string().nullish(), arguments: z.string().nullish() }).nullish(),
});

const said = z.object({ content: z.string().nullish(), tool_calls: z.array(toolCall).nullish() });

const usage = z.object({ prompt_tokens: z.int().min(0), completion_tokens: z.int().min(0).default(0) });

/** A whole answer or an event of a stream, of completions or of chat. */
const replyShape = z.object({
  choices: z.array(
    z.object({
      text: z.string().nullish(),
      message: said.nullish(),
      delta: said.nullish(),
      finish_reason: z.string().nullish(),
      logprobs: z.union([completionLogprobs, chatLogprobs]).nullish(),
    }),
  ),
  usage: usage.nullish(),
  system_fingerprint: z.string().nullish(),
});

type Reply = z.output<typeof replyShape>;
type Choice = Reply['choices'][number];

/** The server's own words where it sends an error in the place of an answer. Never the whole value: it may be deep enough to break whoever writes it out. */
function complaintOf(value: unknown): string {
  const error = asRecord(value)?.['error'];
  const message = typeof error === 'string' ? error : asRecord(error)?.['message'];
  return typeof message === 'string' ? `: ${message.slice(0, 300)}` : '';
}

/** Throws UPSTREAM_INVALID with the first thing that is wrong. An error in the place of an answer is one, too. */
function parseReply(value: unknown, upstream: string): Reply {
  const result = replyShape.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new ElulmcError(
    'UPSTREAM_INVALID',
    `${upstream} answered with no completion (${issue?.path.join('.') ?? ''} ${issue?.message ?? ''})${complaintOf(value)}`,
  );
}

function usageOf({ usage: counted }: Reply): Usage | null {
  return counted === null || counted === undefined ? null : { promptTokens: counted.prompt_tokens, completionTokens: counted.completion_tokens };
}

function alternatives(record: Readonly<Record<string, number>> | null | undefined): Alternative[] {
  return Object.entries(record ?? {}).map(([name, logprob]) => ({ name, logprob }));
}

function tokensOf({ logprobs }: Choice): GeneratedToken[] | null {
  if (logprobs === null || logprobs === undefined) return null;
  if ('tokens' in logprobs) {
    const { tokens, token_logprobs: values, top_logprobs: top } = logprobs;
    return tokens.flatMap((name, i) => {
      const logprob = values[i];
      return typeof logprob === 'number' ? [{ name, logprob, top: alternatives(top?.[i]) }] : [];
    });
  }
  return (
    logprobs.content?.map(({ token, logprob, top_logprobs: top }) => ({
      name: token,
      logprob,
      top: (top ?? []).map((other) => ({ name: other.token, logprob: other.logprob })),
    })) ?? null
  );
}

/**
 * One answer, from the whole reply or from the events of a stream. A stream may send names and arguments of tool calls in
 * pieces; they belong to the call of their index.
 */
export class GenerationBuilder {
  readonly #upstream: string;
  readonly #texts: string[] = [];
  readonly #calls = new Map<number, { id: string; name: string; arguments: string[] }>();
  #tokens: GeneratedToken[] | null = null;
  #finishReason: string | null = null;
  #usage: Usage | null = null;
  #fingerprint: string | null = null;
  #choices = 0;

  constructor(upstream: string) {
    this.#upstream = upstream;
  }

  /** Takes a reply or an event; true when it brought something of the answer itself. Throws UPSTREAM_INVALID. */
  add(value: unknown): boolean {
    const reply = parseReply(value, this.#upstream);
    this.#usage = usageOf(reply) ?? this.#usage;
    this.#fingerprint = reply.system_fingerprint ?? this.#fingerprint;
    const [choice] = reply.choices;
    if (choice === undefined) return false;
    this.#choices += 1;
    this.#finishReason = choice.finish_reason ?? this.#finishReason;
    const tokens = tokensOf(choice);
    if (tokens !== null) (this.#tokens ??= []).push(...tokens);
    const part = choice.message ?? choice.delta;
    const text = choice.text ?? part?.content ?? '';
    if (text !== '') this.#texts.push(text);
    const calls = part?.tool_calls ?? [];
    calls.forEach((call, i) => this.#addCall(call.index ?? i, call));
    return text !== '' || calls.length > 0;
  }

  #addCall(index: number, { id, function: called }: z.output<typeof toolCall>): void {
    const call = this.#calls.get(index) ?? { id: '', name: '', arguments: [] };
    this.#calls.set(index, call);
    if (call.id === '') call.id = id ?? '';
    if (call.name === '') call.name = called?.name ?? '';
    if (called?.arguments !== null && called?.arguments !== undefined) call.arguments.push(called.arguments);
  }

  /** Throws UPSTREAM_INVALID when no choice came at all. */
  whole(): Generation {
    if (this.#choices === 0) throw new ElulmcError('UPSTREAM_INVALID', `${this.#upstream} answered without a choice`);
    const calls = [...this.#calls].sort(([a], [b]) => a - b);
    return {
      text: this.#texts.join(''),
      toolCalls: calls.map(([, { id, name, arguments: parts }]): ToolCall => ({ id, name, arguments: parts.join('') })),
      finishReason: this.#finishReason,
      tokens: this.#tokens,
      usage: this.#usage,
      systemFingerprint: this.#fingerprint,
    };
  }
}
