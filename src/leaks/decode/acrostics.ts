import { type DecodingBudget, type DerivedText, spend } from './derived-text.ts';
import type { Tape } from '../text/skeleton.ts';

const MIN_PARTS = 16;
/** In front of the words of a line: list markers, numbers of a list, quotes. */
const LIST_MARKER = /^[\s>#*+\-\u2022]*(?:\(?\d{1,4}[.):]\s+)?[\s"'*_`([]*/u;
const STRIDES = [
  [2, 'every 2nd character'],
  [3, 'every 3rd character'],
  [4, 'every 4th character'],
] as const;

function whole(via: string, parts: readonly string[], text: string): DerivedText | undefined {
  return parts.length < MIN_PARTS ? undefined : { via, text: parts.join(''), start: 0, end: text.length };
}

/** First characters of lines (as they are, and without list markers) and of words. */
export function* acrosticTexts(text: string, budget: DecodingBudget): Generator<DerivedText> {
  if (!spend(budget, text.length)) return;
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const asIs = whole(
    'first letters of lines',
    lines.map((line) => firstOf(line.trimStart())),
    text,
  );
  const bare = whole(
    'first letters of lines',
    lines.map((line) => firstOf(line.slice(0, 200).replace(LIST_MARKER, ''))),
    text,
  );
  if (asIs !== undefined) yield asIs;
  if (bare !== undefined && bare.text !== asIs?.text) yield bare;
  const words = whole(
    'first letters of words',
    Array.from(text.matchAll(/(?<![^\s])\S/gu), ([first]) => first),
    text,
  );
  if (words !== undefined) yield words;
}

function firstOf(text: string): string {
  const point = text.codePointAt(0);
  return point === undefined ? '' : String.fromCodePoint(point);
}

/** Every second, third and fourth letter or digit, from each of the first ones. */
export function* stridedTapes(tape: Tape, budget: DecodingBudget): Generator<{ readonly via: string; readonly tape: Tape }> {
  for (const [stride, via] of STRIDES) {
    for (let phase = 0; phase < stride; phase += 1) {
      const length = Math.max(0, Math.ceil((tape.length - phase) / stride));
      if (length < MIN_PARTS || !spend(budget, length)) continue;
      const codes = new Uint8Array(length);
      const origin = new Int32Array(length);
      for (let i = 0; i < length; i += 1) {
        codes[i] = tape.codes[phase + i * stride] ?? 0;
        origin[i] = tape.origin[phase + i * stride] ?? 0;
      }
      yield { via, tape: { codes, origin, length } };
    }
  }
}
