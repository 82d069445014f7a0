import type { CanaryKind } from './canary.ts';

/** `exact`: as it was minted, in any case of letters. `encoded`: all of it, in disguise. `partial`: so much that it is no accident. */
export type Confidence = 'exact' | 'encoded' | 'partial';

/** A canary in a text. Nothing in it says what the canary is. */
export interface LeakFinding {
  readonly canary: string;
  readonly kind: CanaryKind;
  readonly place: string;
  /** Which family of transformations it went through, outermost first: `verbatim`, `base64`, `hex, base64`, `part`, ... */
  readonly via: string;
  readonly confidence: Confidence;
  /** Part of the message, in UTF-16 units, the end exclusive; only what stands in this message. */
  readonly start: number;
  readonly end: number;
  /** It began in an earlier message. */
  readonly acrossMessages: boolean;
  /** Words around it, with the canary and everything that might be a part of one blacked out. */
  readonly excerpt: string;
}

/** A part of a text that holds a canary, before it is told to anyone. */
export interface Hit {
  readonly canary: number;
  readonly via: string;
  readonly confidence: Confidence;
  readonly start: number;
  readonly end: number;
}

const MAX_HITS = 256;
const MAX_HITS_OF_ONE = 16;

/** Hits in the order of discovery. The same canary at the same place counts once, as what it was found as first. */
export class HitList {
  readonly #hits: Hit[] = [];
  readonly #counts = new Map<number, number>();

  add(hit: Hit): void {
    const count = this.#counts.get(hit.canary) ?? 0;
    if (count >= MAX_HITS_OF_ONE || this.#hits.length >= MAX_HITS) return;
    if (count > 0 && this.#hits.some((other) => other.canary === hit.canary && other.start < hit.end && hit.start < other.end)) return;
    this.#hits.push(hit);
    this.#counts.set(hit.canary, count + 1);
  }

  has(canary: number): boolean {
    return this.#counts.has(canary);
  }

  get hits(): readonly Hit[] {
    return this.#hits;
  }
}

const CONTEXT = 40;
const BLACK = '\u2588';

/**
 * Some characters around `start` to `end`. The part itself is one black block; in the context every word that has a digit, a capital
 * inside, one letter or more than 15, and every sign that is no ASCII is black too, as are all other hits.
 */
export function redactedExcerpt(text: string, start: number, end: number, hits: readonly Hit[]): string {
  return `${context(text, Math.max(0, start - CONTEXT), start, hits)}${BLACK.repeat(4)}${context(text, end, Math.min(text.length, end + CONTEXT), hits)}`.trim();
}

function context(text: string, from: number, to: number, hits: readonly Hit[]): string {
  let plain = '';
  for (let i = from; i < to; i += 1) {
    const unit = text.charCodeAt(i);
    const hidden = hits.some((hit) => i >= hit.start && i < hit.end);
    plain += hidden || unit > 0x7e ? BLACK : unit < 0x20 ? ' ' : text.charAt(i);
  }
  // A word that the window cuts is whole in the text: judged by what is seen of it, a piece could pass.
  return plain
    .replaceAll(/[A-Za-z0-9]+/g, (word) => (/^(?:[A-Z][a-z]{1,14}|[a-z]{2,15})$/.test(word) ? word : BLACK))
    .replaceAll(/\u2588[^A-Za-z]*\u2588/g, BLACK)
    .replaceAll(/\u2588+/g, BLACK);
}
