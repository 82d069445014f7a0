import { BODY_SYMBOLS } from '../canary.ts';

/** A piece of a canary that stands in a text, symbol by symbol. */
export interface Segment {
  /** Symbols of the body, from the first to behind the last. */
  readonly from: number;
  readonly to: number;
  /** Where it begins, in characters of the skeleton since the start of the conversation. */
  readonly at: number;
  /** It stands behind a marker, so its place was not free. */
  readonly marked: boolean;
}

/** What an accident must overcome: a false alarm in 2^20 texts of full length, for the worst kind of text. */
const SURPLUS_BITS = 20;
/** Pieces further apart than this, in characters of the skeleton, are not put together. */
export const EVIDENCE_SCOPE = 20_000;
const FREE_PLACES = BODY_SYMBOLS - 4;

/**
 * Bits that a piece is worth. Text that happens to match comes from the smallest set of symbols that holds the piece: streams of bits,
 * decimal digits, hexadecimal digits, or letters and digits.
 */
function pieceBits(piece: string): number {
  const perSymbol = /^[01]*$/.test(piece) ? 1 : /^[0-9]*$/.test(piece) ? Math.log2(10) : /^[0-9a-f]*$/.test(piece) ? 4 : 5;
  return piece.length * perSymbol;
}

/**
 * Evidence, in bits, that the pieces are not an accident: their own bits, less the choice of a place in the text (or of a marker) and in
 * the canary for each. Pieces overlap neither in the canary nor in the text; the best set is taken greedily, the longest first.
 * Scope: characters in which the pieces were found, at most `EVIDENCE_SCOPE` count.
 */
export function evidenceBits(body: string, segments: readonly Segment[], characters: number, markers: number): number {
  const scope = Math.max(1, Math.min(characters, EVIDENCE_SCOPE));
  const valueOf = ({ from, to, marked }: Segment): number =>
    pieceBits(body.slice(from, to)) - (marked ? Math.log2(1 + markers) : Math.log2(scope) + Math.log2(FREE_PLACES));
  const taken: Segment[] = [];
  let bits = 0;
  for (const segment of segments.toSorted((a, b) => valueOf(b) - valueOf(a))) {
    const value = valueOf(segment);
    if (value <= 0) break;
    if (taken.some((other) => overlaps(other, segment))) continue;
    taken.push(segment);
    bits += value;
  }
  return bits;
}

function overlaps(a: Segment, b: Segment): boolean {
  const inBody = a.from < b.to && b.from < a.to;
  const inText = a.at < b.at + b.to - b.from && b.at < a.at + a.to - a.from;
  return inBody || inText;
}

/** Bits that count as an alarm when this many canaries are looked for. */
export function alarmBits(canaries: number): number {
  return Math.log2(Math.max(1, canaries)) + SURPLUS_BITS;
}
