import type { AnswerApi } from '../../../src/leaks/stream/text-piece.ts';

/** One kind of text in a stream (gateway reference, section 4.1): how a piece of it is sent, and how it is read back. */
export interface AnswerRow {
  readonly name: string;
  readonly api: AnswerApi;
  /** The text is JSON in a JSON string. */
  readonly nested?: boolean;
  /** Parts of a text do not go on from event to event. */
  readonly whole?: boolean;
  /** Data of an event of this choice; `literal` is a JSON string with its quotes. */
  data(choice: number, literal: string): string;
  /** The text of the event, `undefined` for an event of another choice. */
  read(event: unknown, choice: number): string | undefined;
}

interface Chunk {
  readonly choices?: readonly { readonly index: number; readonly delta?: unknown; readonly text?: string; readonly message?: unknown }[];
}

/** Follows member names and places. */
function at(value: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((inner, name) => (inner as Readonly<Record<string, unknown>> | undefined)?.[name], value);
}

const HEAD = '"id":"chatcmpl-7f3a","object":"chat.completion.chunk","created":1795824000,"model":"house-1","system_fingerprint":"fp_44709d6fcb"';

function chat(name: string, path: string, members: (literal: string) => string, nested = false): AnswerRow {
  return {
    name: `chat ${name}`,
    api: 'chat',
    nested,
    data: (choice, literal) => `{${HEAD},"choices":[{"index":${String(choice)},"delta":{${members(literal)}},"logprobs":null,"finish_reason":null}]}`,
    read: (event, choice) => {
      const found = (event as Chunk).choices?.find(({ index }) => index === choice);
      return found === undefined ? undefined : (at(found, path) as string | undefined);
    },
  };
}

function responses(type: string, extra: string, nested = false): AnswerRow {
  let sequence = 0;
  return {
    name: `responses ${type}`,
    api: 'responses',
    nested,
    data: (choice, literal) => {
      sequence += 1;
      const place = `"sequence_number":${String(sequence)},"item_id":"item_${String(choice)}","output_index":${String(choice)}${extra}`;
      return `{"type":"response.${type}",${place},"delta":${literal}}`;
    },
    read: (event, choice) => {
      const { output_index: output, delta } = event as { readonly output_index?: number; readonly delta?: string };
      return output === choice ? delta : undefined;
    },
  };
}

/** A string that repeats what was sent before, or that comes in one piece. */
function whole(type: string, path: string, members: (literal: string) => string, nested = false): AnswerRow {
  return {
    name: `responses ${type}`,
    api: 'responses',
    nested,
    whole: true,
    data: (choice, literal) => `{"type":"response.${type}","sequence_number":7,"output_index":${String(choice)},${members(literal)}}`,
    read: (event, choice) => ((event as { readonly output_index?: number }).output_index === choice ? (at(event, path) as string | undefined) : undefined),
  };
}

/** Every row of the table that is sent in a stream. */
export const ANSWER_ROWS: readonly AnswerRow[] = [
  chat('content', 'delta.content', (text) => `"content":${text}`),
  chat('content with blanks', 'delta.content', (text) => `"content" : ${text}`),
  chat('content in parts', 'delta.content.0.text', (text) => `"content":[{"type":"text","text":${text}}]`),
  chat('refusal', 'delta.refusal', (text) => `"refusal":${text}`),
  chat('reasoning_content', 'delta.reasoning_content', (text) => `"reasoning_content":${text}`),
  chat('reasoning', 'delta.reasoning', (text) => `"reasoning":${text}`),
  chat('audio.transcript', 'delta.audio.transcript', (text) => `"audio":{"id":"audio_1","transcript":${text}}`),
  chat('a field of tomorrow', 'delta.musings', (text) => `"musings":${text}`),
  {
    name: 'chat logprobs that run ahead',
    api: 'chat',
    data: (choice, literal) => `{${HEAD},"choices":[{"index":${String(choice)},"delta":{},"logprobs":{"content":[{"token":${literal},"logprob":-0.1}]}}]}`,
    read: (event, choice) => {
      const found = (event as Chunk).choices?.find(({ index }) => index === choice);
      return found === undefined ? undefined : (at(found, 'logprobs.content.0.token') as string);
    },
  },
  chat(
    'tool_calls.function.arguments',
    'delta.tool_calls.0.function.arguments',
    (text) => `"tool_calls":[{"index":1,"type":"function","function":{"arguments":${text}}}]`,
    true,
  ),
  chat('tool_calls.function.name', 'delta.tool_calls.0.function.name', (text) => `"tool_calls":[{"index":0,"id":"call_1","function":{"name":${text}}}]`),
  chat('tool_calls.custom.input', 'delta.tool_calls.0.custom.input', (text) => `"tool_calls":[{"index":0,"custom":{"input":${text}}}]`),
  chat('function_call.name', 'delta.function_call.name', (text) => `"function_call":{"name":${text}}`),
  chat('function_call.arguments', 'delta.function_call.arguments', (text) => `"function_call":{"arguments":${text}}`, true),
  {
    name: 'completions text',
    api: 'completions',
    data: (choice, literal) => `{"object":"text_completion","choices":[{"index":${String(choice)},"text":${literal},"finish_reason":null}]}`,
    read: (event, choice) => (event as Chunk).choices?.find(({ index }) => index === choice)?.text,
  },
  responses('output_text.delta', ',"content_index":0'),
  responses('refusal.delta', ',"content_index":0'),
  responses('reasoning_text.delta', ',"content_index":0'),
  responses('reasoning_summary_text.delta', ',"summary_index":1'),
  responses('function_call_arguments.delta', '', true),
  responses('mcp_call_arguments.delta', '', true),
  responses('custom_tool_call_input.delta', ''),
  responses('code_interpreter_call_code.delta', ''),
  responses('audio.transcript.delta', ''),
  responses('musings.delta', ',"content_index":2'),
  whole('output_text.done', 'text', (text) => `"content_index":0,"text":${text}`),
  whole('content_part.done', 'part.text', (text) => `"content_index":0,"part":{"type":"output_text","text":${text}}`),
  whole('reasoning_summary_part.done', 'part.text', (text) => `"summary_index":0,"part":{"type":"summary_text","text":${text}}`),
  whole('output_item.done', 'item.content.0.text', (text) => `"item":{"type":"message","content":[{"type":"output_text","text":${text}}]}`),
  whole('function_call_arguments.done', 'arguments', (text) => `"arguments":${text}`, true),
  whole('output_text.annotation.added', 'annotation.title', (text) => `"annotation":{"type":"url_citation","title":${text}}`),
  whole('completed', 'response.output.0.content.0.text', (text) => `"response":{"output":[{"content":[{"text":${text}}]}]}`),
  whole('incomplete', 'response.output.0.content.0.text', (text) => `"response":{"output":[{"content":[{"text":${text}}]}]}`),
  whole('failed', 'response.error.message', (text) => `"response":{"error":{"code":"server_error","message":${text}}}`),
];
