import { BYTES_AFTER, BYTES_BEFORE, MOST_SEPARATORS } from '../secrets/secret-rule.ts';
import type { WatchedRule } from './inspection-table.ts';

/** Sorted patterns `low` to `high` - 1 of which the last `length` bytes of a text are the beginning. */
export interface Candidate {
  low: number;
  high: number;
  length: number;
}

/** An anchor was found; the end of what follows it is waited for. */
export interface OpenSecret {
  readonly watched: WatchedRule;
  /** Positions in the text: where the anchor begins and ends. */
  readonly start: number;
  readonly anchorEnd: number;
  separators: number;
  /** Bytes of the value so far. */
  value: number;
}

/** What a pattern may look back at: text before the anchor, the anchor, separators, the value, one byte behind it. */
const KEPT = BYTES_BEFORE + MOST_SEPARATORS + BYTES_AFTER + 4;
const TAIL_BYTES = 512;

/** One text of a stream (of one choice and field), as far as it has come. Positions are bytes of its UTF-8. */
export class TextState {
  readonly choice: string;
  readonly field: string;
  /** Bytes so far. */
  length = 0;
  /** Bytes up to the last event that the stream was told of. */
  marked = 0;
  /** Bytes that have left. */
  sent = 0;
  /** Row of the automaton. */
  row = 0;
  /** Longest first. */
  readonly candidates: Candidate[] = [];
  readonly open: OpenSecret[] = [];
  /** It is among the texts that hold the stream back. */
  holding = false;
  #tail: Buffer | undefined;
  #tailLength = 0;

  constructor(choice: string, field: string) {
    this.choice = choice;
    this.field = field;
  }

  /** Remembers the end of a piece, so that a credential may go on in the next one. `length` is still that before the piece. */
  keep(bytes: Buffer, from: number, to: number): void {
    this.#tail ??= Buffer.allocUnsafeSlow(TAIL_BYTES);
    const start = Math.max(from, to - KEPT);
    const size = to - start;
    if (this.#tailLength + size > TAIL_BYTES) {
      const rest = Math.min(this.#tailLength, KEPT - size);
      this.#tail.copyWithin(0, this.#tailLength - rest, this.#tailLength);
      this.#tailLength = rest;
    }
    // A loop: pieces are mostly shorter than what a call costs.
    for (let i = start; i < to; i += 1) this.#tail[this.#tailLength++] = bytes[i] ?? 0;
  }

  /** The last `count` bytes that were kept, or all of them, as Latin-1. */
  lastKept(count: number): string {
    return this.#tail?.toString('latin1', Math.max(0, this.#tailLength - count), this.#tailLength) ?? '';
  }
}
