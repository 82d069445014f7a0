import { textOfBytes } from './decoded-bytes.ts';
import { type DecodingBudget, type DerivedText, spend } from './derived-text.ts';

const MAX_LINE = 61;
const MIN_LINE = 13;

/** The bytes of one line of uuencode (POSIX): a length, then four characters for each three bytes. Undefined for another line. */
function lineBytes(line: string): Uint8Array | undefined {
  if (line.length < 5 || line.length > MAX_LINE + 1) return undefined;
  const size = (line.charCodeAt(0) - 32) & 63;
  const groups = Math.ceil(size / 3);
  // Spaces at the end get lost, and some programs add one character.
  if (size === 0 || line.length > 2 + groups * 4 || line.length < 1 + Math.ceil((size * 4) / 3)) return undefined;
  const bytes = new Uint8Array(groups * 3);
  for (let group = 0; group < groups; group += 1) {
    let value = 0;
    for (let k = 0; k < 4; k += 1) {
      const code = line.charCodeAt(1 + group * 4 + k) || 32;
      if (code < 32 || code > 96) return undefined;
      value = (value << 6) | ((code - 32) & 63);
    }
    bytes.set([value >> 16, (value >> 8) & 255, value & 255], group * 3);
  }
  return bytes.subarray(0, size);
}

/** What neighbouring lines of uuencode stand for together. */
export function* uuencodeTexts(text: string, budget: DecodingBudget): Generator<DerivedText> {
  let parts: Uint8Array[] = [];
  let first = 0;
  let start = 0;
  while (start <= text.length) {
    const stop = text.indexOf('\n', start);
    const end = stop < 0 ? text.length : stop;
    const line = end - start > MAX_LINE + 2 ? '' : text.slice(start, end).replace(/\r$/, '');
    const bytes = lineBytes(line);
    if (bytes !== undefined && spend(budget, line.length)) {
      if (parts.length === 0) first = start;
      parts.push(bytes);
    }
    if ((bytes === undefined || stop < 0) && parts.length > 0) {
      const joined = Buffer.concat(parts);
      const found = joined.length >= MIN_LINE ? textOfBytes('uuencode', joined, first, Math.min(text.length, end), budget) : undefined;
      if (found !== undefined) yield found;
      parts = [];
    }
    start = end + 1;
  }
}
