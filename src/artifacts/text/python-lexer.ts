import { decodePythonString } from './python-literals.ts';

export interface PythonToken {
  readonly kind: 'name' | 'string' | 'number' | 'sign';
  /** A name as Python compares it (NFKC), a string decoded. */
  readonly text: string;
  /** In the source, in UTF-16 units. */
  readonly at: number;
}

/** A logical line: what is in brackets or behind a backslash belongs to it. */
export interface PythonLine {
  /** Columns in front of it; tabs reach to the next multiple of eight. */
  readonly indent: number;
  readonly tokens: readonly PythonToken[];
}

export interface PythonSource {
  readonly lines: readonly PythonLine[];
  /** Why it could not be read to its end. The lines before are there. */
  readonly fault: { readonly at: number; readonly reason: string } | undefined;
}

const MAX_TOKENS = 500_000;
/** Expressions in expressions of f-strings. */
const MAX_NESTING = 4;
const NAME = /[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{N}\p{M}\p{Pc}]*/uy;
const NUMBER = /(?:0[xXoObB][0-9a-fA-F_]+|[0-9][0-9_]*(?:\.(?:[0-9][0-9_]*)?)?|\.[0-9][0-9_]*)(?:[eE][0-9]+|[jJ])?/y;
const SIGN = /\*\*=?|\/\/=?|->|:=|[=!<>+\-*/%&|^@]=|<<|>>|\S/uy;
const PREFIX = /(?:[rR][bBfFtT]?|[bBfFtT][rR]?|[uU])?(?=['"])/y;
const OPENING = '([{';
const CLOSING = ')]}';

class Fault extends Error {
  readonly at: number;
  constructor(at: number, reason: string) {
    super(reason);
    this.at = at;
  }
}

/** Reads Python source as text (language reference, chapter 2). It is never imported or compiled. */
export function lexPython(source: string): PythonSource {
  const lexer = new Lexer(source, 0, 0, { tokens: 0 });
  try {
    lexer.run();
    return { lines: lexer.lines, fault: undefined };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    lexer.endLine();
    return { lines: lexer.lines, fault: { at: error.at, reason: error.message } };
  }
}

class Lexer {
  readonly lines: PythonLine[] = [];
  readonly #source: string;
  readonly #base: number;
  readonly #nesting: number;
  readonly #budget: { tokens: number };
  #at = 0;
  #indent = 0;
  #brackets = 0;
  #tokens: PythonToken[] = [];

  constructor(source: string, base: number, nesting: number, budget: { tokens: number }) {
    this.#source = source;
    this.#base = base;
    this.#nesting = nesting;
    this.#budget = budget;
  }

  run(): void {
    const source = this.#source;
    if (this.#nesting === 0) this.#startLine();
    while (this.#at < source.length) this.#step(source.charCodeAt(this.#at));
    this.endLine();
  }

  endLine(): void {
    if (this.#tokens.length > 0) this.lines.push({ indent: this.#indent, tokens: this.#tokens });
    this.#tokens = [];
  }

  #step(code: number): void {
    const source = this.#source;
    if (code === 0x0a || code === 0x0d) {
      this.#at++;
      if (this.#brackets > 0 || this.#nesting > 0) return;
      this.endLine();
      this.#startLine();
    } else if (code === 0x23) {
      const ends = /[\r\n]/g;
      ends.lastIndex = this.#at;
      this.#at = ends.exec(source)?.index ?? source.length;
    } else if (code === 0x5c) {
      this.#at++;
      if (source[this.#at] === '\r') this.#at++;
      if (source[this.#at] === '\n') this.#at++;
    } else if (code === 0x20 || code === 0x09 || code === 0x0c || code === 0xfeff) {
      this.#at++;
    } else if (code === 0) {
      throw new Fault(this.#base + this.#at, 'a NUL character');
    } else {
      this.#token();
    }
  }

  #startLine(): void {
    let column = 0;
    for (;;) {
      const character = this.#source[this.#at];
      if (character === ' ') column++;
      else if (character === '\t') column = Math.floor(column / 8) * 8 + 8;
      else if (character === '\f' || character === '\ufeff') column = 0;
      else break;
      this.#at++;
    }
    this.#indent = column;
  }

  #token(): void {
    const at = this.#at;
    const prefix = this.#match(PREFIX);
    if (prefix !== undefined) {
      this.#string(prefix.toLowerCase(), at);
      return;
    }
    const name = this.#match(NAME);
    if (name !== undefined) return this.#push('name', name.normalize('NFKC'), at);
    const number = this.#match(NUMBER);
    if (number !== undefined) return this.#push('number', number, at);
    const sign = this.#match(SIGN) ?? '';
    if (sign === '') this.#at++;
    if (OPENING.includes(sign)) this.#brackets++;
    if (CLOSING.includes(sign)) this.#brackets = Math.max(0, this.#brackets - 1);
    if (sign !== '') this.#push('sign', sign, at);
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#source);
    if (match === null) return undefined;
    this.#at += match[0].length;
    return match[0];
  }

  #push(kind: PythonToken['kind'], text: string, at: number): void {
    if (++this.#budget.tokens > MAX_TOKENS) throw new Fault(this.#base + at, `more than ${String(MAX_TOKENS)} tokens`);
    this.#tokens.push({ kind, text, at: this.#base + at });
  }

  #string(prefix: string, start: number): void {
    const quote = this.#source[this.#at] ?? '';
    const quotes = this.#source.startsWith(quote.repeat(3), this.#at) ? quote.repeat(3) : quote;
    const from = this.#at + quotes.length;
    const formatted = prefix.includes('f') || prefix.includes('t');
    const inner: [number, number][] = [];
    let at = from;
    while (!this.#source.startsWith(quotes, at)) {
      const character = this.#source[at];
      if (character === undefined || (quotes.length === 1 && (character === '\n' || character === '\r')))
        throw new Fault(this.#base + start, 'a string without end');
      if (character === '\\') at += this.#source[at + 1] === '\r' && this.#source[at + 2] === '\n' ? 3 : 2;
      else if (formatted && character === '{' && this.#source[at + 1] !== '{') {
        const end = this.#expressionEnd(at + 1);
        inner.push([at + 1, end]);
        at = end + 1;
      } else at += formatted && character === '{' ? 2 : 1;
    }
    this.#at = at + quotes.length;
    const body = this.#source.slice(from, at);
    if (inner.length === 0) return this.#push('string', decodePythonString(body, prefix.includes('r')), start);
    this.#formatted(inner, start);
  }

  /** Expressions stand as tokens in brackets of their own, so that what they call is seen. Their sum is no constant. */
  #formatted(inner: readonly (readonly [number, number])[], start: number): void {
    this.#push('sign', '(', start);
    for (const [from, to] of inner) {
      if (this.#nesting >= MAX_NESTING) throw new Fault(this.#base + from, 'f-strings in f-strings');
      const lexer = new Lexer(this.#source.slice(from, to), this.#base + from, this.#nesting + 1, this.#budget);
      lexer.run();
      this.#push('sign', '(', from);
      for (const { tokens } of lexer.lines) this.#tokens.push(...tokens);
      this.#push('sign', ')', to);
      this.#push('sign', ',', to);
    }
    this.#push('sign', ')', start);
  }

  /** Where the expression ends that begins here in an f-string: quotes and brackets in it go together (PEP 701). */
  #expressionEnd(from: number): number {
    let depth = 0;
    for (let at = from; at < this.#source.length; at++) {
      const character = this.#source[at] ?? '';
      if (character === '}' && depth === 0) return at;
      if (OPENING.includes(character)) depth++;
      else if (CLOSING.includes(character)) depth--;
      else if (character === '"' || character === "'") {
        const end = this.#source.indexOf(character, at + 1);
        if (end < 0) break;
        at = end;
      }
      if (depth < 0 || character === '\n') break;
    }
    throw new Fault(this.#base + from, 'an f-string without end');
  }
}
