import { tokenByte } from './vocabulary.ts';

/** Length of the longest end of `text` that could become a stop string with more text. */
function heldLength(text: string, stops: readonly string[]): number {
  let longest = 0;
  for (const stop of stops) {
    for (let length = Math.min(stop.length - 1, text.length); length > longest; length--) {
      if (text.endsWith(stop.slice(0, length))) longest = length;
    }
  }
  return longest;
}

/**
 * Turns tokens of one byte into text that may be sent: a character is held until its last byte is there, and what may
 * be the begin of a stop string until it is not. A character that never ends is dropped, as vLLM drops it.
 */
export class TextStream {
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  readonly #stops: readonly string[];
  #held = '';
  /** The stop string that ended the text; null while none did. */
  stoppedBy: string | null = null;

  constructor(stops: readonly string[]) {
    this.#stops = stops;
  }

  /** Text that is certain now. After a stop string was met, `stoppedBy` is set and nothing may be pushed any more. */
  push(token: number): string {
    const byte = tokenByte(token);
    if (byte === undefined) return '';
    this.#held += this.#decoder.decode(Uint8Array.of(byte), { stream: true });
    let end = this.#held.length;
    for (const stop of this.#stops) {
      const at = this.#held.indexOf(stop);
      if (at === -1 || at >= end) continue;
      end = at;
      this.stoppedBy = stop;
    }
    if (this.stoppedBy === null) end -= heldLength(this.#held, this.#stops);
    const text = this.#held.slice(0, end);
    this.#held = this.stoppedBy === null ? this.#held.slice(end) : '';
    return text;
  }

  /** What was held for a stop string that did not come. */
  end(): string {
    const text = this.#held;
    this.#held = '';
    return text;
  }
}
