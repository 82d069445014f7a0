/** A text that was made from a part of another one. */
export interface DerivedText {
  /** What was undone to get it. */
  readonly via: string;
  readonly text: string;
  /** The part it was made from, in UTF-16 units; the end is exclusive. */
  readonly start: number;
  readonly end: number;
}

/** What all decoding for one text may still cost, in characters read or written. Decoders take from it and stop when it is used up. */
export interface DecodingBudget {
  left: number;
}

/** Takes the cost of a step; false, and nothing left, when that is too much. */
export function spend(budget: DecodingBudget, characters: number): boolean {
  if (budget.left < characters) {
    budget.left = 0;
    return false;
  }
  budget.left -= characters;
  return true;
}

const SAMPLE = 256;
const PRINTABLE_SHARE = 0.7;

/** Whether bytes may be text: 70 % of the first 256 are printable ASCII or white space. */
export function isMostlyText(bytes: Uint8Array): boolean {
  const size = Math.min(SAMPLE, bytes.length);
  let printable = 0;
  for (let i = 0; i < size; i += 1) {
    const code = bytes[i] ?? 0;
    if ((code >= 0x20 && code < 0x7f) || (code >= 0x09 && code <= 0x0d)) printable += 1;
  }
  return size > 0 && printable >= size * PRINTABLE_SHARE;
}
