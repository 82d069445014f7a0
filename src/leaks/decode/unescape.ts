import { type DecodingBudget, type DerivedText, spend } from './derived-text.ts';

/** Escapes of URLs, HTML, quoted-printable, JSON and program text. */
const ESCAPE =
  /%u([0-9a-f]{4})|[%=]([0-9a-f]{2})|=\r?\n|&#x0{0,8}([0-9a-f]{1,6});?|&#0{0,8}(\d{1,7});?|&([a-z]{2,8});|\\u\{0{0,8}([0-9a-f]{1,6})\}|\\U([0-9a-f]{8})|\\u([0-9a-f]{4})|\\x([0-9a-f]{2})|\\([0-7]{3})|\\([nrtbf"'/\\])/gi;
const NAMES: Readonly<Partial<Record<string, string>>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  shy: '',
  zwj: '',
  zwnj: '',
  dash: '-',
  hyphen: '-',
  lowbar: '_',
  num: '#',
};
const HAS_ESCAPE = /[%=&\\]/;
const HEX_GROUPS = [1, 2, 3, 6, 7, 8, 9];
const MAX_POINT = 0x10ffff;

function character(point: number): string {
  return point <= MAX_POINT ? String.fromCodePoint(point) : '';
}

/** The text with every escape replaced by what it stands for, once; nothing when it has none. */
export function* unescapedText(text: string, budget: DecodingBudget): Generator<DerivedText> {
  if (!HAS_ESCAPE.test(text) || !spend(budget, text.length)) return;
  let first = -1;
  let end = 0;
  const plain = text.replaceAll(ESCAPE, (...match: readonly (string | number | undefined)[]) => {
    const escape = String(match[0]);
    const at = Number(match[12]);
    if (first < 0) first = at;
    end = at + escape.length;
    for (const group of HEX_GROUPS) if (match[group] !== undefined) return character(parseInt(String(match[group]), 16));
    if (match[4] !== undefined) return character(Number(match[4]));
    if (match[5] !== undefined) return NAMES[String(match[5]).toLowerCase()] ?? escape;
    if (match[10] !== undefined) return character(parseInt(String(match[10]), 8));
    return match[11] !== undefined && /["'/\\]/.test(String(match[11])) ? String(match[11]) : '';
  });
  if (first >= 0) yield { via: 'escapes', text: plain, start: first, end };
}
