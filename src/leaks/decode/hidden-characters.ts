import { type DecodingBudget, type DerivedText, spend } from './derived-text.ts';

/** Pairs of invisible characters that stand for 0 and 1 (or 1 and 0). */
const BIT_PAIRS: readonly (readonly [number, number])[] = [
  [0x200b, 0x200c],
  [0x200c, 0x200d],
  [0x200b, 0x200d],
  [0x2062, 0x2064],
  [0x2062, 0x2063],
  [0x200e, 0x200f],
];
const INVISIBLE = /[\u200b-\u200f\u2060-\u2064]/;
const SELECTOR = /[\ufe00-\ufe0f\u{e0100}-\u{e01ef}]/u;
/** A canary has at least this many bytes. */
const MIN_BYTES = 19;

interface Collected {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** The characters that `read` makes of code points, joined, and where the first and the last of them stand. */
function collect(text: string, read: (point: number) => string): Collected {
  const found: string[] = [];
  let start = 0;
  let end = 0;
  for (let i = 0; i < text.length; i += 1) {
    if (text.charCodeAt(i) < 0x80) continue;
    const point = text.codePointAt(i) ?? 0;
    const size = point > 0xffff ? 2 : 1;
    const part = read(point);
    if (part !== '') {
      if (found.length === 0) start = i;
      end = i + size;
      found.push(part);
    }
    i += size - 1;
  }
  return { text: found.join(''), start, end };
}

/** Variation selectors as bytes: FE00 to FE0F are 0 to 15, E0100 to E01EF 16 to 255 (P. Butler, 2025). */
function selectorByte(point: number): string {
  if (point >= 0xfe00 && point <= 0xfe0f) return String.fromCharCode(point - 0xfe00);
  return point >= 0xe0100 && point <= 0xe01ef ? String.fromCharCode(point - 0xe0100 + 16) : '';
}

/** Texts that are written in characters nobody sees: bytes in variation selectors, bits in pairs of zero-width characters. */
export function* hiddenTexts(text: string, budget: DecodingBudget): Generator<DerivedText> {
  if (SELECTOR.test(text) && spend(budget, text.length)) {
    const found = collect(text, selectorByte);
    if (found.text.length >= MIN_BYTES) yield { ...found, via: 'variation selectors' };
  }
  if (!INVISIBLE.test(text)) return;
  for (const [zero, one] of BIT_PAIRS) {
    if (!spend(budget, text.length)) return;
    const bits = collect(text, (point) => (point === zero ? '0' : point === one ? '1' : ''));
    if (bits.text.length < MIN_BYTES * 7) continue;
    yield { ...bits, via: 'zero-width' };
    yield { ...bits, via: 'zero-width', text: bits.text.replaceAll(/[01]/g, (bit) => (bit === '0' ? '1' : '0')) };
  }
}
