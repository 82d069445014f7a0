import { asRecord } from '../../core/json.ts';
import { eventData } from './sse-framer.ts';
import { textPieces, TextStates } from './stream-texts.ts';
import type { StreamApi } from './stream-texts.ts';
import { readFinish, readUsage } from './usage.ts';

/** What to do with an event: send it, leave it out, or end the stream because it is not what the API promises. */
export type Verdict = 'send' | 'drop' | 'invalid';

/** Text that opens the generated part of the common event of each API, as the engines write it. Events of the Responses API are all parsed. */
const OPENERS: Readonly<Partial<Record<StreamApi, Buffer>>> = {
  chat: Buffer.from('"content":"'),
  completions: Buffer.from('"text":"'),
};
const FINISH = Buffer.from('"finish_reason":');
const ENDINGS: ReadonlySet<unknown> = new Set(['response.completed', 'response.incomplete', 'response.failed']);
const DONE = '[DONE]';
const QUOTE = 0x22;
/** Of `null`. */
const LETTER_N = 0x6e;
const BRACE_OPEN = 0x7b;
const BRACE_CLOSE = 0x7d;

interface Counted {
  deltas: number;
}

/**
 * Follows one stream event by event: whether each is well-formed, how many pieces of text it carried, the usage and
 * the finish reason. The common event (one line, one short text) is told by its bytes; every other one is parsed.
 */
export class StreamMeter {
  readonly #api: StreamApi;
  /** The gateway asked for usage where the client did not: the extra event is left out. */
  readonly #dropUsage: boolean;
  readonly #texts = new TextStates<Counted>(() => ({ deltas: 0 }));
  #plainDeltas = 0;
  #nextSequence = 0;
  promptTokens: number | null = null;
  completionTokens: number | null = null;
  finish: string | null = null;
  /** The stream said that it is complete. */
  ended = false;
  /** The model server reported an error inside the stream. */
  failed = false;

  constructor(api: StreamApi, dropUsage: boolean) {
    this.#api = api;
    this.#dropUsage = dropUsage;
  }

  /** Pieces of generated text so far: the token count of last resort. */
  get deltas(): number {
    let sum = this.#plainDeltas;
    for (const text of this.#texts.values()) sum += text.deltas;
    return sum;
  }

  /** Sequence number of the next event of a Responses stream. */
  get nextSequence(): number {
    return this.#nextSequence;
  }

  take(bytes: Buffer, textStart: number, textEnd: number, lines: number): Verdict {
    if (lines === 0) return 'send';
    if (lines === 1 && this.#takePlain(bytes, textStart, textEnd)) return 'send';
    const data = eventData(bytes.toString('utf8', textStart, textEnd));
    if (data === undefined) return 'send';
    if (data.trim() === DONE) {
      this.ended = true;
      return 'send';
    }
    return this.#takeParsed(data);
  }

  /** The fast path: `data: {... "content":"x" ...}` on one line. */
  #takePlain(bytes: Buffer, start: number, end: number): boolean {
    const opener = OPENERS[this.#api];
    if (opener === undefined) return false;
    if (bytes[start] !== 0x64 || bytes[start + 4] !== 0x3a || bytes[end - 1] !== BRACE_CLOSE) return false;
    if (bytes[start + 5] !== BRACE_OPEN && bytes[start + 6] !== BRACE_OPEN) return false;
    const at = bytes.indexOf(opener, start);
    const text = at + opener.length;
    if (at < 0 || text >= end || bytes[text] === QUOTE) return false;
    const finish = bytes.indexOf(FINISH, text);
    // With a space before it the reason is told by neither byte: such an event is parsed too.
    if (finish >= 0 && finish < end && bytes[finish + FINISH.length] !== LETTER_N) return false;
    this.#plainDeltas += 1;
    return true;
  }

  #takeParsed(data: string): Verdict {
    const event = parseObject(data);
    if (event === undefined) return 'invalid';
    if (event['error'] !== undefined && event['error'] !== null) this.failed = true;
    for (const piece of textPieces(this.#api, event)) {
      const state = this.#texts.of(piece.key);
      if (state === undefined) return 'invalid';
      state.deltas += 1;
    }
    if (this.#api === 'responses') this.#takeResponse(event);
    else this.finish = readFinish(event) ?? this.finish;
    const usage = readUsage(event['usage'] ?? asRecord(event['response'])?.['usage']);
    if (usage === undefined) return 'send';
    this.promptTokens = usage.promptTokens ?? this.promptTokens;
    this.completionTokens = usage.completionTokens ?? this.completionTokens;
    const choices = event['choices'];
    return this.#dropUsage && Array.isArray(choices) && choices.length === 0 ? 'drop' : 'send';
  }

  #takeResponse(event: Readonly<Record<string, unknown>>): void {
    const sequence = event['sequence_number'];
    if (typeof sequence === 'number') this.#nextSequence = sequence + 1;
    if (event['type'] === 'error' || event['type'] === 'response.failed') this.failed = true;
    if (!ENDINGS.has(event['type'])) return;
    this.ended = true;
    const response = asRecord(event['response']);
    this.finish = response === undefined ? null : readFinish(response);
  }
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    return asRecord(JSON.parse(text));
  } catch {
    return undefined;
  }
}
