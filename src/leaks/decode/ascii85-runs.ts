import { textOfBytes } from './decoded-bytes.ts';
import { type DecodingBudget, type DerivedText, spend } from './derived-text.ts';
import { alphabetTable, runsOf } from './runs.ts';

const SIGNS = String.fromCharCode(...Array.from({ length: 85 }, (_, i) => 33 + i));
const TABLE = alphabetTable(`${SIGNS}z~`);
const MIN_RUN = 20;
const MAX_RUN = 64 * 1024;

/** Bytes of ASCII85 (Adobe and btoa), undefined for what is none. A last group of n characters gives n - 1 bytes. */
function ascii85Bytes(run: string): Uint8Array | undefined {
  const bytes = new Uint8Array(run.length * 4);
  let length = 0;
  let value = 0;
  let count = 0;
  const put = (size: number): void => {
    for (let k = 0; k < size; k += 1) bytes[length++] = Math.floor(value / 2 ** (24 - 8 * k)) & 255;
    value = 0;
    count = 0;
  };
  for (let i = 0; i < run.length; i += 1) {
    const code = run.charCodeAt(i);
    if (code === 0x7a && count === 0) {
      put(4);
      continue;
    }
    if (code < 33 || code > 117) return undefined;
    value = value * 85 + code - 33;
    count += 1;
    if (count < 5) continue;
    if (value > 0xffffffff) return undefined;
    put(4);
  }
  if (count === 1) return undefined;
  if (count > 1) {
    const size = count - 1;
    for (; count < 5; count += 1) value = value * 85 + 84;
    put(size);
  }
  return bytes.subarray(0, length);
}

/** What runs in ASCII85 stand for: words of signs, from their start or from `<~`, to their end or to `~>`. */
export function* ascii85Texts(text: string, budget: DecodingBudget): Generator<DerivedText> {
  for (const { start, end } of runsOf(text, TABLE, MIN_RUN, MAX_RUN)) {
    const word = text.slice(start, end);
    const open = word.indexOf('<~');
    const close = word.indexOf('~', open + 2);
    const run = word.slice(open < 0 ? 0 : open + 2, close < 0 ? undefined : close);
    // A path, a name or a rule of one sign is no encoding.
    if (/^(?:[\w./:-]+|(.)\1+)$/.test(run)) continue;
    if (!spend(budget, word.length)) return;
    const bytes = ascii85Bytes(run);
    const found = bytes === undefined ? undefined : textOfBytes('ascii85', bytes, start, end, budget);
    if (found !== undefined) yield found;
  }
}
