import { randomUUID } from 'node:crypto';
import { wallMs } from '../core/clock.ts';
import type { Piece } from './choice.ts';
import type { Usage } from './engine.ts';
import { parseChat, parseCompletion } from './generation-request.ts';
import type { GenerationRequest } from './generation-request.ts';
import type { Logprobs } from './logprobs.ts';

/** How one inference endpoint reads a request and writes answers. */
export interface Dialect {
  readonly parse: (body: unknown) => GenerationRequest;
  readonly idPrefix: string;
  /** `object` of an answer and of a streamed chunk. */
  readonly object: string;
  readonly chunkObject: string;
  readonly choice: (index: number, piece: Piece) => object;
  readonly chunkChoice: (index: number, piece: Piece) => object;
  /** Chunk before the first text of a choice; null for none. */
  readonly opening: ((index: number) => object) | null;
}

function ending(piece: Piece): object {
  return { finish_reason: piece.finish?.reason ?? null, stop_reason: piece.finish?.stop ?? null };
}

function completionChoice(index: number, piece: Piece): object {
  return { index, text: piece.text, logprobs: piece.logprobs, ...ending(piece) };
}

/** POST /v1/completions */
export const completionDialect: Dialect = {
  parse: parseCompletion,
  idPrefix: 'cmpl-',
  object: 'text_completion',
  chunkObject: 'text_completion',
  choice: completionChoice,
  chunkChoice: completionChoice,
  opening: null,
};

/** POST /v1/chat/completions */
export const chatDialect: Dialect = {
  parse: parseChat,
  idPrefix: 'chatcmpl-',
  object: 'chat.completion',
  chunkObject: 'chat.completion.chunk',
  choice: (index, piece) => ({ index, message: { role: 'assistant', content: piece.text, refusal: null }, logprobs: null, ...ending(piece) }),
  chunkChoice: (index, piece) => ({ index, delta: { content: piece.text }, logprobs: null, ...ending(piece) }),
  opening: (index) => ({ index, delta: { role: 'assistant', content: '' }, logprobs: null, finish_reason: null }),
};

function usageField(usage: Usage): object {
  const { promptTokens, completionTokens } = usage;
  return { prompt_tokens: promptTokens, completion_tokens: completionTokens, total_tokens: promptTokens + completionTokens };
}

function joinLogprobs(first: Logprobs | null, second: Logprobs | null): Logprobs | null {
  if (first === null || second === null) return first ?? second;
  return {
    text_offset: [...first.text_offset, ...second.text_offset],
    token_logprobs: [...first.token_logprobs, ...second.token_logprobs],
    tokens: [...first.tokens, ...second.tokens],
    top_logprobs: [...first.top_logprobs, ...second.top_logprobs],
  };
}

/** One answer: its constant fields, and the choices as they grow when it is not streamed. */
export class Answer {
  readonly #dialect: Dialect;
  readonly #constant: object;
  readonly #choices: Piece[] = [];

  constructor(dialect: Dialect, model: string) {
    this.#dialect = dialect;
    this.#constant = { id: dialect.idPrefix + randomUUID().replaceAll('-', ''), created: Math.floor(wallMs() / 1000), model };
  }

  add(index: number, piece: Piece): void {
    const soFar = this.#choices[index] ?? { text: '', logprobs: null, finish: null };
    this.#choices[index] = { text: soFar.text + piece.text, logprobs: joinLogprobs(soFar.logprobs, piece.logprobs), finish: piece.finish };
  }

  whole(usage: Usage): object {
    const choices = this.#choices.map((piece, index) => this.#dialect.choice(index, piece));
    return { ...this.#constant, object: this.#dialect.object, choices, usage: usageField(usage) };
  }

  /** The chunk that opens a choice; null where the dialect has none. */
  opening(index: number): object | null {
    return this.#dialect.opening === null ? null : this.#chunk([this.#dialect.opening(index)]);
  }

  chunk(index: number, piece: Piece): object {
    return this.#chunk([this.#dialect.chunkChoice(index, piece)]);
  }

  /** The last chunk of a stream whose client asked for usage. */
  usageChunk(usage: Usage): object {
    return { ...this.#chunk([]), usage: usageField(usage) };
  }

  #chunk(choices: object[]): object {
    return { ...this.#constant, object: this.#dialect.chunkObject, choices };
  }
}
