import { isWorthwhile, textOfBytes } from './decoded-bytes.ts';
import { type DecodingBudget, type DerivedText, spend } from './derived-text.ts';
import { alphabetTable, runsOf } from './runs.ts';

const MIN_RUN = 16;
const MAX_RUN = 64 * 1024;
const MIN_WRAPPED = 24;
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const TABLE = alphabetTable(`${LETTERS}+/-_`);
/** Enough to see whether an alignment gives text. */
const SAMPLE = 128;
const OFFSETS = [0, 1, 2, 3];
/** Letters alone are words and names far more often than encoded text. */
const WORDLIKE = /^(?:[a-z]+|[A-Z][a-z]*|[a-z]+(?:[-_/][a-z]+)+|[A-Z]+(?:_[A-Z]+)*)$/;

function reversed(text: string): string {
  return Array.from(text).reverse().join('');
}

/** What runs of base64 (both alphabets) in a text stand for, from left to right and from right to left. */
export function* base64Texts(text: string, budget: DecodingBudget): Generator<DerivedText> {
  for (const { start, end } of runsOf(text, TABLE, MIN_RUN, MAX_RUN)) {
    const run = text.slice(start, end);
    if (WORDLIKE.test(run)) continue;
    yield* decodings('base64', run, start, end, budget);
    yield* decodings('base64 reversed', reversed(run), start, end, budget);
  }
}

/** What a text stands for that is base64 from its first line to its last, with white space anywhere. */
export function* wrappedBase64Text(text: string, budget: DecodingBudget): Generator<DerivedText> {
  if (text.length < MIN_WRAPPED || text.length > 2 * MAX_RUN || !/\s/.test(text) || !spend(budget, text.length)) return;
  const packed = text.replaceAll(/\s+/g, '');
  if (packed.length >= MIN_WRAPPED && /^[\w+/-]+={0,2}$/.test(packed)) yield* decodings('base64', packed, 0, text.length, budget);
}

function* decodings(via: string, run: string, start: number, end: number, budget: DecodingBudget): Generator<DerivedText> {
  for (const offset of OFFSETS) {
    if (!spend(budget, SAMPLE)) return;
    if (!isWorthwhile(Buffer.from(run.slice(offset, offset + SAMPLE), 'base64'))) continue;
    if (!spend(budget, run.length)) return;
    const found = textOfBytes(via, Buffer.from(run.slice(offset), 'base64'), start, end, budget);
    if (found === undefined) continue;
    yield found;
    return;
  }
}
