import type { ChatMessage, GenerationOptions, Prompt } from './generation.ts';

export interface GenerationCall {
  readonly path: '/v1/completions' | '/v1/chat/completions';
  readonly body: Readonly<Record<string, unknown>>;
}

function message({ role, content, toolCalls, toolCallId }: ChatMessage): object {
  return {
    role,
    content,
    ...(toolCalls === undefined
      ? {}
      : { tool_calls: toolCalls.map(({ id, name, arguments: text }) => ({ id, type: 'function', function: { name, arguments: text } })) }),
    ...(toolCallId === undefined ? {} : { tool_call_id: toolCallId }),
  };
}

/** The request for a prompt in OpenAI's dialect. Fields that were not asked for are not sent: some engines refuse those that they do not know. */
export function generationCall(model: string, prompt: Prompt, options: GenerationOptions, stream: 'no' | 'plain' | 'with-usage'): GenerationCall {
  const { maxTokens, temperature = 0, topP, seed, stop = [], logprobs, tools = [] } = options;
  const isChat = typeof prompt !== 'string';
  const shared = {
    model,
    max_tokens: maxTokens,
    temperature,
    ...(topP === undefined ? {} : { top_p: topP }),
    ...(seed === undefined ? {} : { seed }),
    ...(stop.length === 0 ? {} : { stop }),
    ...(stream === 'no' ? {} : { stream: true }),
    ...(stream === 'with-usage' ? { stream_options: { include_usage: true } } : {}),
  };
  if (!isChat) return { path: '/v1/completions', body: { ...shared, prompt, ...(logprobs === undefined ? {} : { logprobs }) } };
  return {
    path: '/v1/chat/completions',
    body: {
      ...shared,
      messages: prompt.map(message),
      ...(logprobs === undefined ? {} : { logprobs: true, top_logprobs: logprobs }),
      ...(tools.length === 0 ? {} : { tools: tools.map((definition) => ({ type: 'function', function: definition })) }),
    },
  };
}
