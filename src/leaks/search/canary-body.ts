import { BODY_SYMBOLS, CANARY_ALPHABET, foldLookalikes } from '../canary.ts';
import type { CodeReader } from './code-reader.ts';

/** Characters between the symbols that are passed over, at most: groups are joined by three. */
const MAX_BETWEEN = 32;
const FOREIGN = 0;
const BETWEEN = 1;

function tableOf(symbols: string): Uint8Array {
  const table = new Uint8Array(256).fill(FOREIGN);
  // Printable signs and white space stand between symbols, other letters end a canary.
  for (let code = 0x20; code < 0x7f; code += 1) if (!/[0-9a-z]/i.test(String.fromCharCode(code))) table[code] = BETWEEN;
  for (const code of [0x09, 0x0a, 0x0d]) table[code] = BETWEEN;
  for (const symbol of symbols.toLowerCase()) {
    table[symbol.charCodeAt(0)] = symbol.charCodeAt(0);
    table[symbol.toUpperCase().charCodeAt(0)] = symbol.charCodeAt(0);
  }
  return table;
}

const SYMBOLS = tableOf(CANARY_ALPHABET);
const FOLDED_SYMBOLS = tableOf(foldLookalikes(CANARY_ALPHABET.toLowerCase()));

/** The 16 symbols that a reader gives next, in small letters; undefined when it gives anything else. */
export function readBody(reader: CodeReader, folded: boolean): string | undefined {
  const table = folded ? FOLDED_SYMBOLS : SYMBOLS;
  let body = '';
  let between = 0;
  while (body.length < BODY_SYMBOLS) {
    const code = reader.next();
    const symbol = code < 0 || code > 255 ? FOREIGN : (table[code] ?? FOREIGN);
    if (symbol === FOREIGN) return undefined;
    if (symbol !== BETWEEN) body += String.fromCharCode(symbol);
    else if ((between += 1) > MAX_BETWEEN) return undefined;
  }
  return body;
}
