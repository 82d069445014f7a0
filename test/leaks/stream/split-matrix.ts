import type { InspectionTable } from '../../../src/leaks/stream/inspection-table.ts';
import type { AnswerRow } from './answer-rows.ts';
import { clientEvents, eventStream, readsOf, runStream } from './run-stream.ts';

/** How the characters of a JSON string are written. */
export type Writing = 'plain' | 'escaped' | 'mixed';

export const WRITINGS: readonly Writing[] = ['plain', 'escaped', 'mixed'];
export const READINGS = ['1 read', '2 reads', '1 byte a read'] as const;

export interface MatrixResult {
  readonly streams: number;
  /** Streams that were cut with the right canary named and no other, or because more than 256 events would have waited for its end. */
  readonly cut: number;
  /** The longest beginning of the canary that any client has seen. */
  readonly mostOut: number;
}

/** A JSON string with its quotes. */
export function literal(text: string, writing: Writing): string {
  const escape = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  const units = Array.from({ length: text.length }, (_, i) => text.charAt(i));
  if (writing === 'plain') return JSON.stringify(text);
  return `"${units.map((unit, i) => (writing === 'escaped' || i % 3 === 0 ? escape(unit) : JSON.stringify(unit).slice(1, -1))).join('')}"`;
}

/** Length of the longest beginning of `canary` in a text, in any case of letters. */
export function longestBeginning(text: string, canary: string): number {
  const small = text.toLowerCase();
  for (let length = canary.length; length > 0; length -= 1) if (small.includes(canary.slice(0, length).toLowerCase())) return length;
  return 0;
}

function cuts(text: string, parts: readonly number[]): readonly string[] {
  return [...parts, text.length].map((end, i) => text.slice(i === 0 ? 0 : (parts[i - 1] ?? 0), end));
}

/** All ways to cut `text` into two pieces, into single characters, and not at all where pieces are whole. */
function splittings(text: string, from: number, to: number, whole: boolean): readonly (readonly string[])[] {
  if (whole) return [[text]];
  const pairs = Array.from({ length: to - from + 1 }, (_, i) => cuts(text, [from + i]));
  return [...pairs, Array.from(text)];
}

/** The events of an answer in `n` choices; the last one says `pieces`, the others something harmless in between. */
function answer(row: AnswerRow, pieces: readonly string[], writing: Writing, n: number): Buffer {
  const data: string[] = [];
  for (const piece of pieces) {
    for (let other = 0; other < n - 1; other += 1) data.push(row.data(other, JSON.stringify('ELU-')));
    data.push(row.data(n - 1, literal(piece, writing)));
  }
  return eventStream([...data, '[DONE]']);
}

/** What is sent: words around the canary; for JSON in a string an object whose value is written like the string itself. */
function textOf(row: AnswerRow, canary: string, writing: Writing): { readonly text: string; readonly from: number; readonly to: number } {
  const [before, inner] = row.nested === true ? ['{"note":"', literal(canary, writing).slice(1, -1)] : ['So: ', canary];
  return { text: `${before}${inner}${row.nested === true ? '"}' : ' .'}`, from: before.length, to: before.length + inner.length };
}

/** Every split position of the canary in one row of the table, in one way of writing and of reading. */
export function runMatrix(
  table: InspectionTable,
  canary: { readonly id: string; readonly text: string },
  { row, writing, reading, n }: { readonly row: AnswerRow; readonly writing: Writing; readonly reading: (typeof READINGS)[number]; readonly n: number },
): MatrixResult {
  let [streams, cut, mostOut] = [0, 0, 0];
  const { text, from, to } = textOf(row, canary.text, writing);
  for (const pieces of splittings(text, from, to, row.whole === true)) {
    // An escape of the inner string is cut as well, so the pieces of nested text are written plainly.
    const bytes = answer(row, pieces, row.nested === true ? 'plain' : writing, n);
    const sizes = { '1 read': bytes.length, '2 reads': Math.ceil(bytes.length / 2) + (streams % 40) - 20, '1 byte a read': 1 };
    const { out, leaks, fault } = runStream(table, row.api, readsOf(bytes, sizes[reading]));
    const seen = clientEvents(out)
      .map((event) => row.read(event, n - 1) ?? '')
      .join('');
    streams += 1;
    const right = leaks.every(({ id, choice }) => id === canary.id && (row.whole === true || choice === String(n - 1)));
    if (leaks.length > 0 ? right : fault === 'inspection_overflow') cut += 1;
    mostOut = Math.max(mostOut, longestBeginning(row.nested === true ? unescaped(seen) : seen, canary.text));
  }
  return { streams, cut, mostOut };
}

/** Inner escapes undone, as far as they are whole. */
function unescaped(text: string): string {
  return text.replaceAll(/\\u([0-9a-f]{4})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}
