import { decodePythonString } from './python-string.ts';

/** A word or text inside of the tags of a template. */
export interface TemplateToken {
  readonly kind: 'name' | 'string' | 'number' | 'sign';
  /** Of a string the decoded text. */
  readonly text: string;
  /** In the template, in UTF-16 units. */
  readonly offset: number;
}

export interface TemplatePart {
  readonly kind: 'text' | 'comment' | 'block' | 'output';
  readonly offset: number;
  /** Of text and comments. */
  readonly text: string;
  /** Of blocks and outputs. */
  readonly tokens: readonly TemplateToken[];
  /** Whether white space before or after is taken away. */
  readonly stripBefore: boolean;
  readonly stripAfter: boolean;
}

export interface TemplateFault {
  readonly offset: number;
  readonly reason: string;
}

const MAX_TOKENS = 200_000;
const MAX_NESTING = 64;
const SIGNS = ['**', '//', '==', '!=', '<=', '>=', '~', '+', '-', '*', '/', '%', '<', '>', '=', '(', ')', '[', ']', '{', '}', ',', '.', ':', '|', ';'];
const SPACE = /\s/;
const NAME = /[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Mn}\p{Mc}\p{Nd}\p{Pc}]*/uy;
const NUMBER = /0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|[0-9][0-9_]*(?:\.[0-9][0-9_]*)?(?:[eE][+-]?[0-9][0-9_]*)?/y;
const DIGITS = /[0-9]+/y;
const RAW = /\{%[-+]?\s{0,100}raw\s{0,100}[-+]?%\}/y;
const END_RAW = /\{%[-+]?\s{0,100}endraw\s{0,100}[-+]?%\}/g;

/**
 * Cuts a template into its parts as Jinja's own lexer does (`lexer.py`): the library that parses it does not know raw blocks, all escapes
 * of Python, nor `+` at a tag, and what it does not know could be hidden from it.
 */
export class TemplateLexer {
  readonly parts: TemplatePart[] = [];
  private readonly source: string;
  private at = 0;
  private tokens = 0;

  constructor(source: string) {
    this.source = source;
  }

  /** Undefined when the template was read to its end; the parts before a fault stay. */
  run(): TemplateFault | undefined {
    while (this.at < this.source.length) {
      const open = this.nextOpening();
      if (open > this.at) this.push('text', this.at, { text: this.source.slice(this.at, open) });
      this.at = open;
      if (open === this.source.length) return undefined;
      const fault = this.tag();
      if (fault !== undefined) return fault;
    }
    return undefined;
  }

  private nextOpening(): number {
    for (let at = this.source.indexOf('{', this.at); at !== -1; at = this.source.indexOf('{', at + 1)) {
      const next = this.source[at + 1];
      if (next === '{' || next === '%' || next === '#') return at;
    }
    return this.source.length;
  }

  private tag(): TemplateFault | undefined {
    const start = this.at;
    const kind = this.source[start + 1];
    if (kind === '#') return this.comment(start);
    RAW.lastIndex = start;
    const raw = kind === '%' ? RAW.exec(this.source) : null;
    return raw === null ? this.code(start, kind === '%' ? 'block' : 'output') : this.raw(start, start + raw[0].length);
  }

  private comment(start: number): TemplateFault | undefined {
    const end = this.source.indexOf('#}', start + 2);
    if (end === -1) return { offset: start, reason: 'a comment without end' };
    this.at = end + 2;
    this.push('comment', start, { text: this.source.slice(start + 2, end) });
    return undefined;
  }

  private raw(start: number, body: number): TemplateFault | undefined {
    END_RAW.lastIndex = body;
    const end = END_RAW.exec(this.source);
    if (end === null) return { offset: start, reason: 'a raw block without end' };
    this.at = END_RAW.lastIndex;
    this.push('text', body, { text: this.source.slice(body, end.index) });
    return undefined;
  }

  private code(start: number, kind: 'block' | 'output'): TemplateFault | undefined {
    const tokens: TemplateToken[] = [];
    const brackets: string[] = [];
    const close = kind === 'block' ? '%}' : '}}';
    this.at = start + 2;
    const stripBefore = this.source[this.at] === '-';
    if (stripBefore || this.source[this.at] === '+') this.at++;
    for (;;) {
      this.space();
      const strip = /[-+]/.test(this.source[this.at] ?? '') && this.source.startsWith(close, this.at + 1);
      if (brackets.length === 0 && (strip || this.source.startsWith(close, this.at))) {
        const stripAfter = strip && this.source[this.at] === '-';
        this.at += strip ? 3 : 2;
        this.push(kind, start, { tokens, stripBefore, stripAfter });
        return undefined;
      }
      const token = this.token(tokens.at(-1));
      if (typeof token === 'string') return { offset: this.at, reason: token };
      tokens.push(token);
      if (++this.tokens > MAX_TOKENS) return { offset: this.at, reason: `more than ${String(MAX_TOKENS)} words` };
      if (!balance(brackets, token)) return { offset: this.at, reason: 'brackets that do not match' };
      if (brackets.length > MAX_NESTING) return { offset: this.at, reason: `brackets nested deeper than ${String(MAX_NESTING)}` };
    }
  }

  private token(before: TemplateToken | undefined): TemplateToken | string {
    const offset = this.at;
    const first = this.source[offset];
    if (first === undefined) return 'a tag without end';
    if (first === "'" || first === '"') return this.string(first);
    const name = this.match(NAME);
    if (name !== undefined) return { kind: 'name', text: name, offset };
    // `a.0.b` is an index twice, not a number with a fraction.
    const number = this.match(before?.text === '.' ? DIGITS : NUMBER);
    if (number !== undefined) return { kind: 'number', text: String(Number(number.replaceAll('_', ''))), offset };
    const sign = SIGNS.find((candidate) => this.source.startsWith(candidate, offset));
    if (sign === undefined) return `an unexpected character ${JSON.stringify(first)}`;
    this.at += sign.length;
    return { kind: 'sign', text: sign, offset };
  }

  private string(quote: string): TemplateToken | string {
    const offset = this.at;
    let end = offset + 1;
    while (end < this.source.length && this.source[end] !== quote) end += this.source[end] === '\\' ? 2 : 1;
    if (end >= this.source.length) return 'a string without end';
    this.at = end + 1;
    return { kind: 'string', text: decodePythonString(this.source.slice(offset + 1, end)), offset };
  }

  private match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.source)?.[0];
    if (found !== undefined) this.at += found.length;
    return found;
  }

  private space(): void {
    while (SPACE.test(this.source[this.at] ?? '')) this.at++;
  }

  private push(kind: TemplatePart['kind'], offset: number, rest: Partial<TemplatePart>): void {
    this.parts.push({ kind, offset, text: '', tokens: [], stripBefore: false, stripAfter: false, ...rest });
  }
}

const CLOSERS = new Map([
  ['(', ')'],
  ['[', ']'],
  ['{', '}'],
]);

function balance(brackets: string[], { kind, text }: TemplateToken): boolean {
  if (kind !== 'sign') return true;
  const closer = CLOSERS.get(text);
  if (closer !== undefined) brackets.push(closer);
  else if (text === ')' || text === ']' || text === '}') return brackets.pop() === text;
  return true;
}
