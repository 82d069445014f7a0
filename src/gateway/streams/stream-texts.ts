import { asRecord } from '../../core/json.ts';

/** Which table of text fields a stream follows. */
export type StreamApi = 'chat' | 'completions' | 'responses';

/** One piece of generated text and the place it continues: pieces of one key are one text. */
export interface TextPiece {
  /** `<choice>/<field>` or `<output index>/<content index>/<event type>`; see `textPieces`. */
  readonly key: string;
  readonly text: string;
}

const DELTA_FIELDS = ['content', 'refusal', 'reasoning_content', 'reasoning'] as const;

/** Event types of the Responses API whose `delta` is generated text, with what tells parallel texts apart beside the output. */
const RESPONSE_DELTAS: ReadonlyMap<string, 'content_index' | 'summary_index' | null> = new Map<string, 'content_index' | 'summary_index' | null>([
  ['response.output_text.delta', 'content_index'],
  ['response.refusal.delta', 'content_index'],
  ['response.reasoning_text.delta', 'content_index'],
  ['response.reasoning_summary_text.delta', 'summary_index'],
  ['response.function_call_arguments.delta', null],
  ['response.mcp_call_arguments.delta', null],
  ['response.custom_tool_call_input.delta', null],
  ['response.code_interpreter_call_code.delta', null],
  ['response.audio.transcript.delta', null],
]);

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function part(value: unknown): string {
  return typeof value === 'number' || typeof value === 'string' ? String(value) : '0';
}

function add(pieces: TextPiece[], key: string, value: unknown): void {
  if (typeof value === 'string' && value !== '') pieces.push({ key, text: value });
}

function called(pieces: TextPiece[], key: string, value: unknown): void {
  const call = asRecord(value);
  add(pieces, `${key}.name`, call?.['name']);
  add(pieces, `${key}.arguments`, call?.['arguments']);
}

function chatPieces(pieces: TextPiece[], index: string, delta: Record<string, unknown>): void {
  for (const field of DELTA_FIELDS) {
    const value = delta[field];
    if (Array.isArray(value))
      value.forEach((entry, at) => {
        add(pieces, `${index}/${field}.${String(at)}`, asRecord(entry)?.['text']);
      });
    else add(pieces, `${index}/${field}`, value);
  }
  add(pieces, `${index}/audio.transcript`, asRecord(delta['audio'])?.['transcript']);
  called(pieces, `${index}/function_call`, delta['function_call']);
  list(delta['tool_calls']).forEach((entry, at) => {
    const call = asRecord(entry);
    const key = `${index}/tool_calls.${part(call?.['index'] ?? at)}`;
    called(pieces, `${key}.function`, call?.['function']);
    add(pieces, `${key}.custom.input`, asRecord(call?.['custom'])?.['input']);
  });
}

/**
 * The generated text that one parsed event adds to a stream: `choices[i].delta` of chat, `choices[i].text` of
 * completions, `delta` of the Responses API. Texts that repeat what was sent before (`*.done`) are not pieces.
 */
export function textPieces(api: StreamApi, event: Readonly<Record<string, unknown>>): readonly TextPiece[] {
  const pieces: TextPiece[] = [];
  if (api === 'responses') {
    const type = event['type'];
    const inner = typeof type === 'string' ? RESPONSE_DELTAS.get(type) : undefined;
    if (typeof type !== 'string' || inner === undefined) return pieces;
    const output = part(event['output_index'] ?? event['item_id']);
    add(pieces, inner === null ? `${output}/${type}` : `${output}/${part(event[inner])}/${type}`, event['delta']);
    return pieces;
  }
  list(event['choices']).forEach((entry, at) => {
    const choice = asRecord(entry);
    if (choice === undefined) return;
    const index = part(choice['index'] ?? at);
    if (api === 'completions') add(pieces, `${index}/text`, choice['text']);
    else chatPieces(pieces, index, asRecord(choice['delta']) ?? {});
  });
  return pieces;
}

/**
 * One state per (choice, field) of a stream, so that interleaved choices never mix. Bounded: a stream that opens more
 * texts than `maxKeys` cannot be followed.
 */
export class TextStates<State> {
  readonly #states = new Map<string, State>();
  readonly #initial: () => State;
  readonly #maxKeys: number;

  constructor(initial: () => State, maxKeys = 1_024) {
    this.#initial = initial;
    this.#maxKeys = maxKeys;
  }

  /** The state of a key, made at its first use; undefined when there are too many keys. */
  of(key: string): State | undefined {
    const known = this.#states.get(key);
    if (known !== undefined) return known;
    if (this.#states.size >= this.#maxKeys) return undefined;
    const state = this.#initial();
    this.#states.set(key, state);
    return state;
  }

  values(): IterableIterator<State> {
    return this.#states.values();
  }
}
