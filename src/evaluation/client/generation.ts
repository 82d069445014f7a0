/** One message of a chat. A tool's result names the call that it answers. */
export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly content: string;
  readonly toolCalls?: readonly ToolCall[];
  readonly toolCallId?: string;
}

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  /** As the model wrote it: meant to be JSON, but nothing promises that. */
  readonly arguments: string;
}

export interface ToolDefinition {
  readonly name: string;
  readonly description: string;
  /** JSON schema of the arguments. */
  readonly parameters: object;
}

/** A text to go on with, or a chat to answer. */
export type Prompt = string | readonly ChatMessage[];

export interface GenerationOptions {
  readonly maxTokens: number;
  /** Default 0: the likeliest token each time. */
  readonly temperature?: number;
  readonly topP?: number;
  /** Sent to the server, which may or may not keep to it. */
  readonly seed?: number;
  readonly stop?: readonly string[];
  /** Alternatives to name beside each generated token; without it no log-probabilities are asked for. */
  readonly logprobs?: number;
  /** Chats only. */
  readonly tools?: readonly ToolDefinition[];
  readonly signal?: AbortSignal;
}

/** A token that could have stood in a place, by the name that the engine gives it. */
export interface Alternative {
  readonly name: string;
  readonly logprob: number;
}

/** Natural logarithms. */
export interface GeneratedToken extends Alternative {
  readonly top: readonly Alternative[];
}

export interface Usage {
  readonly promptTokens: number;
  readonly completionTokens: number;
}

export interface Generation {
  readonly text: string;
  readonly toolCalls: readonly ToolCall[];
  /** `stop`, `length`, `tool_calls`, ...; null when the server does not tell. */
  readonly finishReason: string | null;
  /** Null when none were asked for or the server gave none. */
  readonly tokens: readonly GeneratedToken[] | null;
  readonly usage: Usage | null;
  /** OpenAI's `system_fingerprint`, where the server gives one. */
  readonly systemFingerprint: string | null;
}

/** Milliseconds of the monotonic clock (src/core/clock.ts). */
export interface StreamTimes {
  readonly sentMs: number;
  /** Of each event with text or a tool call, in order: one a token with most engines. */
  readonly eventMs: readonly number[];
  readonly endedMs: number;
}

export interface StreamedGeneration extends Generation {
  readonly times: StreamTimes;
}
