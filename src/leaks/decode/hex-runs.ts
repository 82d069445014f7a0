import { textOfBytes } from './decoded-bytes.ts';
import { type DecodingBudget, type DerivedText, spend } from './derived-text.ts';

/** Digits in a row, or pairs with one or two signs, `0x` or `x` between them. At each place there is one way to match, so the search is linear. */
const HEX = /[0-9a-fA-F]{16,65534}|[0-9a-fA-F]{2}(?:(?:[ ,:;-]{1,2}(?:0x|\\x|x)?|0x|\\x|x)[0-9a-fA-F]{2}){7,32767}/g;
const PAIR = /(?:0x|\\x|x)?([0-9a-fA-F]{2})/g;

/** What hexadecimal in a text stands for; a row that begins with a digit too many is read from the second one. */
export function* hexTexts(text: string, budget: DecodingBudget): Generator<DerivedText> {
  for (const match of text.matchAll(HEX)) {
    const [run] = match;
    if (!spend(budget, run.length)) return;
    const isRow = /^[0-9a-fA-F]*$/.test(run);
    const digits = isRow ? run : Array.from(run.matchAll(PAIR), ([, pair]) => pair).join('');
    for (const start of isRow ? [0, 1] : [0]) {
      const found = textOfBytes('hex', Buffer.from(digits.slice(start), 'hex'), match.index, match.index + run.length, budget);
      if (found !== undefined) {
        yield found;
        break;
      }
    }
  }
}
