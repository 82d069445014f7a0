import type { PythonLine, PythonToken } from './python-lexer.ts';
import { headerEnd, isProgramTest, listed, statements } from './python-statements.ts';
import { attribute, called, canonical, element, named, sum, UNKNOWN, type Value } from './python-values.ts';

/** When the code around a call runs: as soon as the module is imported, when it is started as a program, or in a function. */
export type When = 'import' | 'program' | { readonly function: string };

export interface PythonCall {
  /** What is called, or handed to what is called: dotted names that it may be. */
  readonly names: readonly string[];
  readonly args: readonly Value[];
  readonly at: number;
  readonly when: When;
}

export interface PythonWalk {
  readonly calls: readonly PythonCall[];
  /** Modules as they stand in imports: `os`, `.configuration_x`. */
  readonly imports: readonly string[];
  /** Attributes that lead from any object to the interpreter, where they stand. */
  readonly reaches: readonly { readonly name: string; readonly at: number; readonly when: When }[];
  readonly truncated: boolean;
}

const KEYWORDS = new Set(
  'and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal not or pass raise return try while with yield'.split(
    ' ',
  ),
);
const COMPOUND = new Set('if elif else while for with try except finally'.split(' '));
const REACHING = new Set('__subclasses__ __globals__ __builtins__ __bases__ __mro__ __code__ f_globals gi_frame'.split(' '));
const OPENING = new Set(['(', '[', '{']);
const CLOSING = new Set([')', ']', '}']);
const MAX_DEPTH = 100;
const MAX_CALLS = 100_000;
/** Characters of constants that are worked out. */
const MAX_FOLDED = 8 * 1024 * 1024;
/** Definitions in definitions on one line. */
const MAX_INLINE = 20;

interface Block {
  readonly indent: number;
  readonly kind: 'def' | 'class' | 'program';
  readonly name: string;
}

/** Finds what a module calls and when, by its statements in order; nothing of it is run. Names are followed through imports and assignments. */
export function walkPython(lines: readonly PythonLine[], signal: AbortSignal): PythonWalk {
  const walker = new Walker(lines);
  walker.run(signal);
  return walker;
}

class Walker implements PythonWalk {
  readonly calls: PythonCall[] = [];
  readonly imports: string[] = [];
  readonly reaches: { name: string; at: number; when: When }[] = [];
  truncated = false;
  readonly #lines: readonly PythonLine[];
  /** Local name -> what it may stand for. */
  readonly #known = new Map<string, Value>();
  readonly #own = new Set<string>();
  #blocks: Block[] = [];
  #folded = 0;
  #depth = 0;
  #tokens: readonly PythonToken[] = [];
  #at = 0;

  constructor(lines: readonly PythonLine[]) {
    this.#lines = lines;
  }

  run(signal: AbortSignal): void {
    // Functions use what is imported below them.
    for (const { tokens } of this.#lines) this.#declare(tokens);
    for (const { indent, tokens } of this.#lines) {
      signal.throwIfAborted();
      while ((this.#blocks.at(-1)?.indent ?? -1) >= indent) this.#blocks.pop();
      this.#statement(tokens, indent);
    }
  }

  #declare(tokens: readonly PythonToken[]): void {
    for (const [index, { kind, text }] of tokens.entries()) {
      if (kind !== 'name') continue;
      if ((text === 'def' || text === 'class') && index < 2) this.#own.add(tokens[index + 1]?.text ?? '');
      const before = tokens[index - 1]?.text;
      if ((text === 'import' || text === 'from') && (before === undefined || before === ';' || before === ':')) this.#import(tokens.slice(index));
    }
  }

  #import(tokens: readonly PythonToken[]): void {
    const texts = tokens.map(({ text }) => text);
    const end = texts.indexOf(';');
    const words = end < 0 ? texts : texts.slice(0, end);
    const from = words[0] === 'from';
    const split = from ? words.indexOf('import') : 0;
    if (split < 0) return;
    const module = from ? words.slice(1, split).join('') : '';
    if (from) this.imports.push(module);
    for (const part of listed(words.slice(split + 1))) {
      const as = part.indexOf('as');
      const name = part.slice(0, as < 0 ? part.length : as).join('');
      const local = as < 0 ? name : (part[as + 1] ?? name);
      if (!from) this.imports.push(name);
      // `from . import x`: a module beside this one.
      if (from && /^\.+$/.test(module)) this.imports.push(`${module}${name}`);
      if (from) this.#alias(local, named(`${module}.${name}`));
      else this.#alias(as < 0 ? (name.split('.')[0] ?? name) : local, named(as < 0 ? (name.split('.')[0] ?? name) : name));
    }
  }

  /** A name that stands for several things in turn may be any of them. */
  #alias(name: string, value: Value): void {
    const before = this.#known.get(name);
    const names = [...new Set([...(before?.names ?? []), ...value.names])].slice(-8);
    this.#known.set(name, { ...value, names });
  }

  #statement(tokens: readonly PythonToken[], indent: number, inline = 0): void {
    const words = tokens[0]?.text === 'async' ? tokens.slice(1) : tokens;
    const [first, second] = words;
    if (first?.kind === 'name' && (first.text === 'def' || first.text === 'class') && second?.kind === 'name') {
      const colon = headerEnd(words);
      // Bases, defaults and annotations are evaluated where the definition stands.
      this.#evaluate(words.slice(2, colon));
      this.#blocks.push({ indent, kind: first.text, name: second.text });
      if (inline >= MAX_INLINE) this.truncated = true;
      else if (colon + 1 < words.length) this.#statement(words.slice(colon + 1), indent + 1, inline + 1);
      return;
    }
    if (first?.text === 'if' && isProgramTest(words)) this.#blocks.push({ indent, kind: 'program', name: '' });
    const colon = first?.kind === 'name' && COMPOUND.has(first.text) ? headerEnd(words) : words.length;
    if (colon < words.length - 1) {
      this.#evaluate(words.slice(0, colon));
      for (const part of statements(words.slice(colon + 1))) this.#simple(part);
      return;
    }
    for (const part of statements(words)) this.#simple(part);
  }

  #simple(tokens: readonly PythonToken[]): void {
    const [first, second] = tokens;
    if (first === undefined || first.text === 'import' || first.text === 'from') return;
    if (first.kind === 'name' && second?.text === '=' && !KEYWORDS.has(first.text)) {
      const value = this.#evaluate(tokens.slice(2));
      if (value.names.length > 0 || value.text !== undefined || value.items !== undefined) this.#alias(first.text, value);
      return;
    }
    const calls = this.calls.length;
    const value = this.#evaluate(first.text === '@' ? tokens.slice(1) : tokens);
    if (first.text === '@' && this.calls.length === calls) this.#record(value, [], first.at);
  }

  get #when(): When {
    const functions = this.#blocks.filter(({ kind }) => kind === 'def');
    if (functions.length === 0) return this.#blocks.some(({ kind }) => kind === 'program') ? 'program' : 'import';
    const until = this.#blocks.findIndex(({ kind }) => kind === 'def');
    return {
      function: this.#blocks
        .slice(0, until + 1)
        .filter(({ kind }) => kind !== 'program')
        .map(({ name }) => name)
        .join('.'),
    };
  }

  #record(value: Value, args: readonly Value[], at: number): void {
    if (this.calls.length >= MAX_CALLS) {
      this.truncated = true;
      return;
    }
    const when = this.#when;
    if (value.names.length > 0) this.calls.push({ names: value.names, args, at, when });
    // A function that is handed on is called by whoever gets it.
    for (const { names } of args) if (names.length > 0) this.calls.push({ names, args: [], at, when });
  }

  /** The value of a list of tokens when they are one expression. */
  #evaluate(tokens: readonly PythonToken[]): Value {
    const [before, place] = [this.#tokens, this.#at];
    this.#tokens = tokens;
    this.#at = 0;
    let value: Value = UNKNOWN;
    for (let first = true; this.#at < tokens.length; first = false) {
      const next = this.#expression();
      value = first ? next : UNKNOWN;
      if (this.#at < tokens.length) this.#at++;
    }
    this.#tokens = before;
    this.#at = place;
    return value;
  }

  /** Up to a comma, a closing bracket or a sign that no expression goes on after. */
  #expression(): Value {
    let value: Value | undefined;
    let operator = '';
    for (let token = this.#tokens[this.#at]; token !== undefined; token = this.#tokens[this.#at]) {
      if (CLOSING.has(token.text) && token.kind === 'sign') break;
      if (token.kind === 'sign' && (token.text === ',' || token.text === '=' || token.text === ':' || token.text === ':=')) break;
      if ((token.kind === 'sign' && !OPENING.has(token.text)) || (token.kind === 'name' && KEYWORDS.has(token.text))) {
        operator = token.text;
        this.#at++;
        continue;
      }
      const next = this.#primary(token);
      value = value === undefined ? next : operator === '+' ? sum(value, next) : merged(value, next, operator);
      operator = '';
    }
    return value ?? UNKNOWN;
  }

  #primary(token: PythonToken): Value {
    this.#at++;
    if (++this.#depth > MAX_DEPTH) {
      this.truncated = true;
      this.#depth--;
      return UNKNOWN;
    }
    let value = this.#atom(token);
    for (let next = this.#tokens[this.#at]; next?.kind === 'sign'; next = this.#tokens[this.#at]) {
      if (next.text === '.') value = this.#member(value);
      else if (next.text === '(' && token.text !== '{') value = this.#call(value, next.at);
      else if (next.text === '[') value = this.#subscript(value);
      else break;
    }
    this.#depth--;
    return value;
  }

  #atom(token: PythonToken): Value {
    if (token.kind === 'string') {
      let { text } = token;
      for (let next = this.#tokens[this.#at]; next?.kind === 'string'; next = this.#tokens[++this.#at]) text += next.text;
      return { names: [], text };
    }
    if (token.kind === 'number') return { names: [], number: Number(token.text.replaceAll('_', '')) };
    if (token.kind === 'name') return this.#known.get(token.text) ?? named(token.text);
    const items = this.#items();
    return token.text === '(' && items.length === 1 ? (items[0] ?? UNKNOWN) : { names: [], items };
  }

  /** The expressions up to the bracket that closes; of `name=value` and `key: value` both, the name as a text. */
  #items(): Value[] {
    const items: Value[] = [];
    while (this.#at < this.#tokens.length) {
      const token = this.#tokens[this.#at];
      if (token !== undefined && CLOSING.has(token.text) && token.kind === 'sign') break;
      const value = this.#expression();
      const end = this.#tokens[this.#at]?.text;
      if (end !== '=') items.push(value);
      if (end !== undefined && !CLOSING.has(end)) this.#at++;
    }
    this.#at++;
    return items;
  }

  #member(value: Value): Value {
    const name = this.#tokens[this.#at + 1];
    this.#at += 2;
    if (name?.kind !== 'name') return UNKNOWN;
    if (REACHING.has(name.text)) this.reaches.push({ name: name.text, at: name.at, when: this.#when });
    return attribute(value, name.text);
  }

  #call(callee: Value, at: number): Value {
    this.#at++;
    const args = this.#items();
    this.#record(callee, args, at);
    if (callee.names.some((name) => this.#own.has(canonical(name).split('.')[0] ?? ''))) return named(...callee.names);
    return this.#mayFold(callee.method?.self, ...args) ? called(callee, args) : UNKNOWN;
  }

  #subscript(value: Value): Value {
    const start = ++this.#at;
    const items = this.#items();
    const inside = this.#tokens.slice(start, Math.min(this.#at - 1, start + 5));
    const reversed = inside.map(({ text }) => text).join('') === '::-1';
    return this.#mayFold(value) ? element(value, items[0] ?? UNKNOWN, reversed) : UNKNOWN;
  }

  #mayFold(...values: readonly (Value | undefined)[]): boolean {
    for (const value of values) this.#folded += 16 + (value?.text?.length ?? 0) + 16 * (value?.items?.length ?? 0);
    this.truncated ||= this.#folded > MAX_FOLDED;
    return this.#folded <= MAX_FOLDED;
  }
}

/** `a or b` may be either; of a sum of numbers nothing is known. */
function merged(a: Value, b: Value, operator: string): Value {
  if (operator === '%' && a.text !== undefined) return UNKNOWN;
  const names = [...a.names, ...b.names].slice(0, 8);
  return operator === 'and' || operator === 'or' || operator === 'else' ? { names, text: b.text ?? a.text } : { names };
}
