import type { PythonToken } from './python-lexer.ts';

const OPENING = new Set(['(', '[', '{']);
const CLOSING = new Set([')', ']', '}']);

/** The parts of an import list, brackets left out. */
export function listed(words: readonly string[]): string[][] {
  const parts: string[][] = [[]];
  for (const word of words) {
    if (word === '(' || word === ')') continue;
    if (word === ',') parts.push([]);
    else parts.at(-1)?.push(word);
  }
  return parts.filter(({ length }) => length > 0);
}

/** Index of the colon that ends the header of a definition. */
export function headerEnd(tokens: readonly PythonToken[]): number {
  let depth = 0;
  for (const [index, { kind, text }] of tokens.entries()) {
    if (kind !== 'sign') continue;
    if (OPENING.has(text)) depth++;
    else if (CLOSING.has(text)) depth--;
    else if (text === ':' && depth === 0) return index;
  }
  return tokens.length;
}

/** `if __name__ == "__main__"`: what follows runs only when the file is started. */
export function isProgramTest(tokens: readonly PythonToken[]): boolean {
  const texts = tokens.slice(1, 4).map(({ text }) => text);
  return texts[1] === '==' && texts.includes('__name__') && texts.includes('__main__');
}

/** What semicolons divide. */
export function statements(tokens: readonly PythonToken[]): PythonToken[][] {
  const parts: PythonToken[][] = [[]];
  for (const token of tokens) {
    if (token.kind === 'sign' && token.text === ';') parts.push([]);
    else parts.at(-1)?.push(token);
  }
  return parts;
}
