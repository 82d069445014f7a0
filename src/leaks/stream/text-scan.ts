import { judgeSecret } from '../secrets/judge-secret.ts';
import { BYTES_BEFORE, MOST_SEPARATORS } from '../secrets/secret-rule.ts';
import type { InspectionTable, WatchedRule } from './inspection-table.ts';
import type { OpenSecret, TextState } from './text-state.ts';

/** What may not leave, and where it stands. Nothing in it says what the text is. */
export interface Leak {
  readonly kind: 'canary' | 'secret';
  /** Id of the canary or of the rule. */
  readonly id: string;
  /** Choice (or output item) of the answer, and the field of it. */
  readonly choice: string;
  readonly field: string;
  /** Position in that text, in bytes of its UTF-8 after all JSON escapes. */
  readonly offset: number;
  readonly length: number;
  /** False: the text ended in the middle of a canary, with at least 16 bytes of it; or a credential goes on behind what was looked at. */
  readonly whole: boolean;
}

/** From this length on the beginning of a canary at the end of a text counts as the canary (gateway reference, section 4.3). */
const ENOUGH_AT_END = 16;
const WORD = /[A-Za-z0-9_]/;

/** Steps the automaton over pieces of texts. One for each stream; holds nothing of a text itself. */
export class TextScan {
  readonly #table: InspectionTable;
  readonly #found: (leak: Leak, state: TextState) => void;
  // The piece in hand: `#bytes[#from, #at]` has been read.
  #bytes: Buffer = Buffer.alloc(0);
  #from = 0;

  constructor(table: InspectionTable, found: (leak: Leak, state: TextState) => void) {
    this.#table = table;
    this.#found = found;
  }

  /** Reads the next piece of a text: `bytes[from, to)`, its UTF-8 without JSON escapes. */
  read(state: TextState, bytes: Buffer, from: number, to: number): void {
    const { columnOf, next } = this.#table.patterns.trie;
    this.#bytes = bytes;
    this.#from = from;
    let { row } = state;
    let busy = state.candidates.length > 0 || state.open.length > 0;
    for (let i = from; i < to; i += 1) {
      const byte = bytes[i] ?? 0;
      if (busy) {
        if (state.candidates.length > 0) this.#narrow(state, byte, i);
        if (state.open.length > 0) this.#follow(state, byte, i);
        busy = state.candidates.length > 0 || state.open.length > 0;
      }
      row = next[row + (columnOf[byte] ?? 0)] ?? 0;
      if (row >= 0) continue;
      row = ~row;
      this.#arrive(state, row, i);
      busy = state.candidates.length > 0 || state.open.length > 0;
    }
    state.row = row;
    if (this.#table.hasRules) state.keep(bytes, from, to);
    state.length += to - from;
  }

  /** The text is over: what was waited for is judged as it stands, and most of a canary counts as one. */
  finish(state: TextState): void {
    this.#bytes = Buffer.alloc(0);
    this.#from = 0;
    for (const secret of state.open.splice(0)) this.#judge(state, secret, 0);
    const { trie, lowOf, order, patterns, startOf } = this.#table.patterns;
    const number = state.row / trie.columns;
    const [candidate] = state.candidates;
    const held = trie.heldLength[number] ?? 0;
    const length = Math.max(candidate?.length ?? 0, held);
    if (length >= ENOUGH_AT_END) {
      const at = candidate?.length === length ? candidate.low : (lowOf[trie.heldPath[number] ?? 0] ?? 0);
      const pattern = patterns[order[at] ?? 0];
      const whole = (startOf[at + 1] ?? 0) - (startOf[at] ?? 0) === length;
      if (pattern !== undefined && !whole) this.#leak(state, 'canary', pattern.id, state.length - length, length, false);
    }
    state.candidates.length = 0;
    state.row = 0;
  }

  /** Where the earliest part of the text begins that may not leave yet, or -1. */
  holdStart(state: TextState): number {
    const { trie, holdFrom } = this.#table.patterns;
    const held = trie.heldLength[state.row / trie.columns] ?? 0;
    let start = held > 0 ? state.length - held : Infinity;
    const [candidate] = state.candidates;
    if (candidate !== undefined && candidate.length >= holdFrom) start = Math.min(start, state.length - candidate.length);
    for (const secret of state.open) start = Math.min(start, secret.start);
    return start === Infinity ? -1 : start;
  }

  /** One more byte of the texts whose beginnings are longer than the automaton. */
  #narrow(state: TextState, byte: number, at: number): void {
    const folded = byte >= 0x41 && byte <= 0x5a ? byte + 32 : byte;
    let kept = 0;
    for (const candidate of state.candidates) {
      const { low, high, length } = candidate;
      candidate.low = this.#firstWith(low, high, length, folded);
      candidate.high = this.#firstWith(candidate.low, high, length, folded + 1);
      candidate.length = length + 1;
      this.#takeWhole(state, candidate, at);
      if (candidate.low < candidate.high) state.candidates[kept++] = candidate;
    }
    state.candidates.length = kept;
  }

  /** The first of the sorted patterns whose byte at `length` is at least `byte`. */
  #firstWith(low: number, high: number, length: number, byte: number): number {
    const { bytes, startOf } = this.#table.patterns;
    let [from, to] = [low, high];
    while (from < to) {
      const middle = (from + to) >> 1;
      if ((bytes[(startOf[middle] ?? 0) + length] ?? 0) < byte) from = middle + 1;
      else to = middle;
    }
    return from;
  }

  /** Patterns that are complete stand first in their range. */
  #takeWhole(state: TextState, candidate: { low: number; readonly high: number; readonly length: number }, at: number): void {
    const { startOf, order, patterns } = this.#table.patterns;
    const { high, length } = candidate;
    while (candidate.low < high && (startOf[candidate.low + 1] ?? 0) - (startOf[candidate.low] ?? 0) === length) {
      const pattern = patterns[order[candidate.low] ?? 0];
      if (pattern !== undefined) this.#leak(state, 'canary', pattern.id, this.#positionAfter(state, at) - length, length, true);
      candidate.low += 1;
    }
  }

  /** One or more paths of the automaton end at this byte. */
  #arrive(state: TextState, row: number, at: number): void {
    const { trie, lowOf, highOf, pathLength, anchorOf } = this.#table.patterns;
    for (let path = trie.endOf[row / trie.columns] ?? -1; path >= 0; path = trie.shorterEnd[path] ?? -1) {
      const length = pathLength[path] ?? 0;
      const candidate = { low: lowOf[path] ?? 0, high: highOf[path] ?? 0, length };
      this.#takeWhole(state, candidate, at);
      if (candidate.low < candidate.high) state.candidates.push(candidate);
      const watching = this.#table.anchors[anchorOf[path] ?? -1];
      if (watching !== undefined) this.#open(state, watching, length, at);
    }
  }

  /** At most one for each rule and each byte of the longest wait: the number of open ones is bounded by the rules. */
  #open(state: TextState, watching: readonly WatchedRule[], length: number, at: number): void {
    const anchorEnd = this.#positionAfter(state, at);
    const before = this.#window(state, anchorEnd - BYTES_BEFORE, at + 1);
    for (const watched of watching) {
      const { anyCase, head, insideWord, lead = 0 } = watched.rule;
      if (anyCase !== true && !before.endsWith(watched.anchor)) continue;
      if (insideWord !== true && WORD.test(before.charAt(before.length - length - lead - 1))) continue;
      if (head !== undefined && !head.test(before)) continue;
      state.open.push({ watched, start: anchorEnd - length, anchorEnd, separators: 0, value: 0 });
    }
  }

  /** One more byte behind anchors: it goes on, or it ends what was waited for. */
  #follow(state: TextState, byte: number, at: number): void {
    let kept = 0;
    for (const secret of state.open) {
      const { rule, classes } = secret.watched;
      const kind = classes[byte] ?? 0;
      const separates = rule.separated === true && secret.value === 0 && secret.separators < MOST_SEPARATORS && (kind & 2) !== 0;
      if (separates) secret.separators += 1;
      else if ((kind & 1) !== 0) secret.value += 1;
      if ((!separates && (kind & 1) === 0) || secret.value >= rule.most) this.#judge(state, secret, at + 1);
      else state.open[kept++] = secret;
    }
    state.open.length = kept;
  }

  #judge(state: TextState, { watched: { rule }, start, anchorEnd, value }: OpenSecret, to: number): void {
    const from = Math.max(0, anchorEnd - BYTES_BEFORE);
    const window = this.#window(state, from, to);
    const match = judgeSecret(rule, window, start - from);
    if (match === undefined) return;
    const whole = rule.goesOn !== true && (match.end < window.length || value < rule.most);
    this.#leak(state, 'secret', rule.id, from + match.start, match.end - match.start, whole);
  }

  /** The text from a position on up to byte `to` of the piece in hand. */
  #window(state: TextState, position: number, to: number): string {
    const inPiece = this.#bytes.toString('latin1', Math.max(this.#from, this.#from + position - state.length), to);
    return position >= state.length ? inPiece : state.lastKept(state.length - position) + inPiece;
  }

  #positionAfter(state: TextState, at: number): number {
    return state.length + at - this.#from + 1;
  }

  #leak(state: TextState, kind: Leak['kind'], id: string, offset: number, length: number, whole: boolean): void {
    this.#found({ kind, id, choice: state.choice, field: state.field, offset, length, whole }, state);
  }
}
