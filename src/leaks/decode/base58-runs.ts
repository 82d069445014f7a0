import { textOfBytes } from './decoded-bytes.ts';
import { type DecodingBudget, type DerivedText, spend } from './derived-text.ts';
import { alphabetTable, runsOf } from './runs.ts';

const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
const TABLE = alphabetTable(ALPHABET);
const MIN_RUN = 16;
/** Decoding takes the square of the length. */
const MAX_RUN = 512;

/** The bytes of a number in base 58 (Bitcoin's alphabet); a leading 1 is a byte 0. */
export function base58Bytes(run: string): Uint8Array {
  const bytes: number[] = [];
  for (const symbol of run) {
    let carry = ALPHABET.indexOf(symbol);
    for (let i = 0; i < bytes.length; i += 1) {
      carry += (bytes[i] ?? 0) * 58;
      bytes[i] = carry & 255;
      carry >>= 8;
    }
    for (; carry > 0; carry >>= 8) bytes.push(carry & 255);
  }
  for (let i = 0; run.charAt(i) === '1'; i += 1) bytes.push(0);
  return Uint8Array.from(bytes.reverse());
}

/** What runs in base 58 stand for. A run that is cut out of a longer one means nothing, so longer ones are left. */
export function* base58Texts(text: string, budget: DecodingBudget): Generator<DerivedText> {
  for (const { start, end } of runsOf(text, TABLE, MIN_RUN, MAX_RUN)) {
    const run = text.slice(start, end);
    // Small letters alone are words.
    if (run.length === MAX_RUN || /^[A-Z]?[a-z]+$/.test(run)) continue;
    if (!spend(budget, (run.length * run.length) >> 3)) return;
    const found = textOfBytes('base58', base58Bytes(run), start, end, budget);
    if (found !== undefined) yield found;
  }
}
