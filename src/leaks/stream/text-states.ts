import type { InspectionTable } from './inspection-table.ts';
import { JsonUnescape } from './json-unescape.ts';
import type { TextPiece } from './text-piece.ts';
import { type Leak, TextScan } from './text-scan.ts';
import { TextState } from './text-state.ts';

/** A text that is JSON in a JSON string: read as it stands, and once more without its escapes. */
interface FollowedText {
  readonly state: TextState;
  readonly inner: { readonly state: TextState; readonly unescape: JsonUnescape } | undefined;
}

const MAX_TEXTS = 1_024;

function follow({ choice, field, nested }: Pick<TextPiece, 'choice' | 'field' | 'nested'>): FollowedText {
  const inner = nested ? { state: new TextState(choice, field), unescape: new JsonUnescape() } : undefined;
  return { state: new TextState(choice, field), inner };
}

/** All texts of one stream, each with a state of its own, so that interleaved choices never mix. */
export class TextStates {
  readonly #scan: TextScan;
  readonly #texts = new Map<string, FollowedText>();
  /** States that hold the stream back. */
  readonly #holding = new Set<TextState>();
  /** Found in the piece in hand as it stands: without its inner escapes it is the same leak. */
  readonly #told = new Set<string>();
  #isInner = false;
  #bytes = Buffer.allocUnsafeSlow(256);

  constructor(table: InspectionTable, found: (leak: Leak, state: TextState) => void) {
    this.#scan = new TextScan(table, (leak, state) => {
      const name = `${leak.id}/${String(leak.whole)}`;
      if (this.#isInner && this.#told.has(name)) return;
      if (!this.#isInner) this.#told.add(name);
      found(leak, state);
    });
  }

  get holding(): ReadonlySet<TextState> {
    return this.#holding;
  }

  /** Reads a piece; gives the states that it went on with, or undefined when there are more texts than a stream can have. */
  read(piece: TextPiece): readonly TextState[] | undefined {
    this.#told.clear();
    if (piece.whole) {
      const text = follow(piece);
      this.#readBoth(text, this.#encode(piece.text));
      this.#finish(text);
      return [];
    }
    const text = this.#textOf(piece);
    if (text === undefined) return undefined;
    this.#readBoth(text, this.#encode(piece.text));
    const states = text.inner === undefined ? [text.state] : [text.state, text.inner.state];
    for (const state of states) this.#hold(state);
    return states;
  }

  /** The state of a text that has been read before; the fast path feeds it bytes. */
  stateOf({ choice, field }: TextPiece): TextState | undefined {
    return this.#texts.get(`${choice}/${field}`)?.state;
  }

  /** Reads bytes of a text without escapes. */
  readBytes(state: TextState, bytes: Buffer, from: number, to: number): void {
    if (this.#told.size > 0) this.#told.clear();
    this.#scan.read(state, bytes, from, to);
    this.#hold(state);
  }

  /** Reads a string of JavaScript. */
  readText(state: TextState, text: string): void {
    const bytes = this.#encode(text);
    this.readBytes(state, bytes, 0, bytes.length);
  }

  holdStart(state: TextState): number {
    return this.#scan.holdStart(state);
  }

  /** Every text is over. */
  finish(): void {
    for (const text of this.#texts.values()) {
      this.#told.clear();
      this.#finish(text);
    }
    this.#holding.clear();
  }

  #readBoth({ state, inner }: FollowedText, bytes: Buffer): void {
    this.#scan.read(state, bytes, 0, bytes.length);
    if (inner === undefined) return;
    const plain = inner.unescape.take(bytes, 0, bytes.length);
    this.#isInner = true;
    this.#scan.read(inner.state, plain, 0, plain.length);
    this.#isInner = false;
  }

  #finish({ state, inner }: FollowedText): void {
    this.#scan.finish(state);
    if (inner === undefined) return;
    this.#isInner = true;
    this.#scan.finish(inner.state);
    this.#isInner = false;
  }

  #hold(state: TextState): void {
    const holds = this.#scan.holdStart(state) >= 0;
    if (holds === state.holding) return;
    state.holding = holds;
    if (holds) this.#holding.add(state);
    else this.#holding.delete(state);
  }

  #textOf(piece: TextPiece): FollowedText | undefined {
    const key = `${piece.choice}/${piece.field}`;
    const known = this.#texts.get(key);
    if (known !== undefined) return known;
    if (this.#texts.size >= MAX_TEXTS) return undefined;
    const text = follow(piece);
    this.#texts.set(key, text);
    return text;
  }

  /** A lone surrogate becomes U+FFFD. */
  #encode(text: string): Buffer {
    if (this.#bytes.length < text.length * 3) this.#bytes = Buffer.allocUnsafeSlow(text.length * 3);
    return this.#bytes.subarray(0, this.#bytes.write(text));
  }
}
