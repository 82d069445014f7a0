import { isUtf8 } from 'node:buffer';
import { asRecord } from '../../core/json.ts';
import { addChatPieces } from './chat-pieces.ts';
import { EventTemplate } from './event-template.ts';
import { eventText } from './event-text.ts';
import { HeldEvents, type Run } from './held-events.ts';
import type { InspectionTable } from './inspection-table.ts';
import { excerptOfState } from './leak-excerpt.ts';
import { parseJson } from './parse-json.ts';
import { canRedact } from './redact-event.ts';
import { addResponsesEvent, isResponsesType } from './responses-pieces.ts';
import { type AnswerApi, PieceList, type TextPiece } from './text-piece.ts';
import type { Leak } from './text-scan.ts';
import type { TextState } from './text-state.ts';
import { TextStates } from './text-states.ts';

/** Why a stream cannot be inspected any further. */
export type InspectionFault =
  /** Malformed JSON, a member that stands twice, no UTF-8, an event of a kind that is not known, too many texts. */
  | 'inspection_failed'
  /** More than 64 KiB or 256 events would have to wait. */
  | 'inspection_overflow';

export interface StreamInspectionOptions {
  /**
   * `observe`: everything leaves at once. `cut`: what might be the beginning of a leak waits, and nothing leaves after a leak or a fault.
   * `redact`: leaks in the plain text of chat are taken out of what waits, and the stream goes on; all others cut it.
   */
  readonly mode: 'observe' | 'redact' | 'cut';
  /** The gateway has put something into the caller's instructions, so their echo is inspected too. */
  readonly inspectInstructions?: boolean;
}

const MAX_HELD_BYTES = 64 * 1024;
const MAX_HELD_EVENTS = 256;
const MAX_TEMPLATES = 8;
/** A stream whose events keep changing their form is not worth more. */
const MAX_LEARNED = 64;
const DONE = '[DONE]';
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;

/**
 * Follows the texts of one stream, event by event, and says which events may leave. Per read of the upstream: `push` for each whole
 * event, then `settle` once; at the end of the stream `end`. Events leave unchanged and in order. Unless it only observes, of a canary of 24
 * bytes or more at most 7 have left when it is found, of a shorter one less than a third; of a credential nothing behind its anchor has.
 */
export class InspectedStream {
  readonly #api: AnswerApi;
  readonly #options: StreamInspectionOptions;
  readonly #texts: TextStates;
  readonly #held = new HeldEvents();
  readonly #templates: EventTemplate[] = [];
  readonly #leaks: Leak[] = [];
  readonly #stateOf = new Map<Leak, TextState>();
  /** Leaks of the event in hand that are to be redacted. */
  readonly #pending: (readonly [Leak, TextState])[] = [];
  #cutting = false;
  #learned = 0;
  #fault: InspectionFault | undefined;

  constructor(table: InspectionTable, api: AnswerApi, options: StreamInspectionOptions) {
    this.#api = api;
    this.#options = options;
    this.#texts = new TextStates(table, (leak, state) => {
      this.#leaks.push(leak);
      this.#stateOf.set(leak, state);
      if (options.mode === 'redact' && api === 'chat' && canRedact(leak)) this.#pending.push([leak, state]);
      else if (options.mode !== 'observe') this.#cutting = true;
    });
  }

  /** Everything found so far. */
  get leaks(): readonly Leak[] {
    return this.#leaks;
  }

  /** Some of the text around one of `leaks`, as far as it is still kept. */
  excerptOf(leak: Leak): string {
    const state = this.#stateOf.get(leak);
    return state === undefined ? '' : excerptOfState(state, leak);
  }

  get fault(): InspectionFault | undefined {
    return this.#fault;
  }

  /** Nothing may leave any more. */
  get mustCut(): boolean {
    return this.#cutting;
  }

  /** What waits counts as back-pressure. */
  get heldBytes(): number {
    return this.#held.bytes;
  }

  get heldEvents(): number {
    return this.#held.count;
  }

  /** Takes one whole event, `bytes[start, end)` with its blank line. False: the stream is to be cut, see `leaks` and `fault`. */
  push(bytes: Buffer, start: number, end: number): boolean {
    if (this.mustCut) return false;
    this.#held.add(bytes, start, end);
    if (!this.#takePlain(bytes, start, end) && !this.#takeParsed(bytes.subarray(start, end))) this.#fail('inspection_failed');
    this.#redactPending();
    return !this.mustCut;
  }

  /** After the events of one read: what may leave now. */
  settle(): readonly Run[] {
    if (this.mustCut) return this.#cut();
    if (this.#options.mode === 'observe') return this.#release(this.#held.count);
    let free = this.#held.count;
    for (const state of this.#texts.holding) free = Math.min(free, this.#held.eventsBefore(state, this.#texts.holdStart(state)));
    const runs = this.#release(free);
    if (this.#held.count === 0) return runs;
    if (this.#held.bytes > MAX_HELD_BYTES || this.#held.count > MAX_HELD_EVENTS) {
      this.#fail('inspection_overflow');
      return this.#cut();
    }
    this.#held.copy();
    return runs;
  }

  /** The stream has ended: what is still held leaves, unless it is most of a canary or a credential. */
  end(): readonly Run[] {
    if (!this.mustCut) this.#texts.finish();
    this.#redactPending();
    return this.mustCut ? this.#cut() : this.#release(this.#held.count);
  }

  #fail(fault: InspectionFault): void {
    this.#fault ??= fault;
    if (this.#options.mode !== 'observe') this.#cutting = true;
  }

  /** What stands in an event that waits is taken out of it; a text that comes whole cuts the stream. */
  #redactPending(): void {
    for (const [{ offset, length }, state] of this.#pending.splice(0)) if (!this.#held.redact(state, offset, offset + length)) this.#cutting = true;
  }

  #release(count: number): readonly Run[] {
    const runs = this.#held.release(count);
    if (runs !== undefined) return runs;
    this.#fail('inspection_failed');
    return this.#cut();
  }

  #cut(): readonly Run[] {
    this.#held.drop();
    return [];
  }

  /** An event that differs from one that was read in full by its text alone. */
  #takePlain(bytes: Buffer, start: number, end: number): boolean {
    for (const template of this.#templates) {
      const from = template.textStart(bytes, start);
      if (from >= 0 && this.#takeText(template, bytes, from, end)) return true;
    }
    return false;
  }

  #takeText(template: EventTemplate, bytes: Buffer, from: number, end: number): boolean {
    let [to, ascii, escaped] = [from, true, false];
    for (; to < end; to += 1) {
      const byte = bytes[to] ?? 0;
      if (byte === QUOTE) break;
      if (byte < SPACE) return false;
      if (byte >= 0x80) ascii = false;
      else if (byte === BACKSLASH) {
        escaped = true;
        to += 1;
      }
    }
    if (!template.endsAfter(bytes, to, end) || (!ascii && !isUtf8(bytes.subarray(from, to)))) return false;
    const { state } = template;
    if (escaped) {
      const value = parseJson(bytes.toString('utf8', from - 1, to + 1))?.value;
      if (typeof value !== 'string') return false;
      this.#texts.readText(state, value);
    } else this.#texts.readBytes(state, bytes, from, to);
    this.#held.mark(state);
    return true;
  }

  /** False when the event cannot be inspected. */
  #takeParsed(event: Buffer): boolean {
    const text = eventText(event);
    if (text === undefined) return false;
    const list = new PieceList();
    list.add('sse', '', text.rest, false, true);
    const data = text.data?.trim() ?? '';
    if (data !== '' && data !== DONE && !this.#addPieces(list, data)) return false;
    const going: TextPiece[] = [];
    for (const piece of list.pieces) {
      const states = this.#texts.read(piece);
      if (states === undefined) return false;
      for (const state of states) this.#held.mark(state);
      if (!piece.whole) going.push(piece);
    }
    this.#learn(event, going);
    return true;
  }

  #addPieces(list: PieceList, data: string): boolean {
    const event = asRecord(parseJson(data)?.value);
    if (event === undefined) return false;
    if (this.#api !== 'responses') {
      addChatPieces(list, event, true);
      return true;
    }
    // Some servers end a Responses stream with errors that have no type.
    if (!isResponsesType(event['type']) && event['error'] === undefined) return false;
    addResponsesEvent(list, event, this.#options.inspectInstructions === true);
    return true;
  }

  #learn(event: Buffer, going: readonly TextPiece[]): void {
    const [piece, ...others] = going;
    if (piece === undefined || others.length > 0 || piece.nested || this.#learned >= MAX_LEARNED) return;
    const state = this.#texts.stateOf(piece);
    const template = state === undefined ? undefined : EventTemplate.of(event, piece, state);
    if (template === undefined) return;
    if (this.#templates.length >= MAX_TEMPLATES) this.#templates.shift();
    this.#templates.push(template);
    this.#learned += 1;
  }
}
