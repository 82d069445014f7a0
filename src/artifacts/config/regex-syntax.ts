import { ALL, complement, escapeClass, posixClass, property, range, single, type CharacterSet } from './regex-alphabet.ts';

/** A pattern as far as backtracking needs it. Assertions and atomic groups are `apart`: they are judged on their own. */
export type RegexNode =
  | { readonly kind: 'set'; readonly set: CharacterSet }
  | { readonly kind: 'sequence' | 'either'; readonly parts: readonly RegexNode[] }
  | { readonly kind: 'repeat'; readonly body: RegexNode; readonly min: number; readonly max: number }
  | { readonly kind: 'apart'; readonly body: RegexNode; readonly atomic: boolean };

const MAX_PATTERN = 8192;
const MAX_DEPTH = 60;
const EMPTY: RegexNode = { kind: 'sequence', parts: [] };
const CONTROLS: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', f: '\f', v: '\v', a: '\x07', e: '\x1b' };

/** It is no pattern, or of a syntax that is not known here. */
export class RegexFault extends Error {}

/** It is too long, too deep or too large to say anything about it. */
export class RegexLimit extends Error {}

/** Reads a pattern of Oniguruma or of the regex crate, which tokenizers use. Throws RegexFault when it is none, RegexLimit when it is too long or deep. */
export function parseRegex(pattern: string): RegexNode {
  if (pattern.length > MAX_PATTERN) throw new RegexLimit(`${String(pattern.length)} characters`);
  const parser = new Parser(Array.from(pattern));
  const node = parser.alternatives(0);
  if (!parser.ended) throw new RegexFault('a bracket closes that was not opened');
  return node;
}

class Parser {
  readonly #text: readonly string[];
  #at = 0;

  constructor(text: readonly string[]) {
    this.#text = text;
  }

  get ended(): boolean {
    return this.#at >= this.#text.length;
  }

  alternatives(depth: number): RegexNode {
    if (depth > MAX_DEPTH) throw new RegexLimit('groups nested too deep');
    const parts: RegexNode[] = [this.#sequence(depth)];
    while (this.#take('|')) parts.push(this.#sequence(depth));
    return parts.length === 1 ? (parts[0] ?? EMPTY) : { kind: 'either', parts };
  }

  #sequence(depth: number): RegexNode {
    const parts: RegexNode[] = [];
    for (let next = this.#text[this.#at]; next !== undefined && next !== '|' && next !== ')'; next = this.#text[this.#at]) {
      parts.push(this.#quantified(this.#atom(depth)));
    }
    return parts.length === 1 ? (parts[0] ?? EMPTY) : { kind: 'sequence', parts };
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #matches(pattern: RegExp): RegExpExecArray | null {
    const match = pattern.exec(this.#text.slice(this.#at, this.#at + 64).join(''));
    if (match !== null) this.#at += Array.from(match[0]).length;
    return match;
  }

  #quantified(atom: RegexNode): RegexNode {
    let node = atom;
    for (let count = 0; count < 8; count++) {
      const bounds = this.#bounds();
      if (bounds === undefined) break;
      node = { kind: 'repeat', body: node, ...bounds };
      if (this.#take('?')) continue;
      // Possessive: what it took is not given back.
      if (this.#take('+')) node = { kind: 'apart', body: node, atomic: true };
    }
    return node;
  }

  #bounds(): { min: number; max: number } | undefined {
    if (this.#take('*')) return { min: 0, max: Infinity };
    if (this.#take('+')) return { min: 1, max: Infinity };
    if (this.#take('?')) return { min: 0, max: 1 };
    const match = this.#matches(/^\{(\d{0,6})(,?)(\d{0,6})\}/);
    if (match === null) return undefined;
    const [, low = '', comma = '', high = ''] = match;
    if (low === '' && high === '') {
      this.#at -= match[0].length;
      return undefined;
    }
    const min = Number(low);
    return { min, max: comma === '' ? min : high === '' ? Infinity : Number(high) };
  }

  #atom(depth: number): RegexNode {
    const character = this.#text[this.#at++] ?? '';
    if (character === '(') return this.#group(depth);
    if (character === '[') return { kind: 'set', set: this.#class(depth) };
    if (character === '.') return { kind: 'set', set: complement(single('\n')) };
    if (character === '^' || character === '$') return EMPTY;
    if (character === '\\') return this.#escape();
    return { kind: 'set', set: single(character) };
  }

  #group(depth: number): RegexNode {
    let apart: 'no' | 'assertion' | 'atomic' = 'no';
    if (this.#take('?')) {
      const head = this.#matches(/^(?:#[^)]{0,64}|<?[=!]|>|:|P?<[^>]{1,60}>|'[^']{1,60}'|[a-zA-Z^-]{1,12}[:)])/)?.[0] ?? '';
      if (head.startsWith('#') || head.endsWith(')')) {
        if (!head.endsWith(')')) this.#take(')');
        return EMPTY;
      }
      if (head === '') throw new RegexFault('an unknown group');
      apart = /^<?[=!]$/.test(head) ? 'assertion' : head === '>' ? 'atomic' : 'no';
    }
    const body = this.alternatives(depth + 1);
    if (!this.#take(')')) throw new RegexFault('a group is not closed');
    return apart === 'no' ? body : { kind: 'apart', body, atomic: apart === 'atomic' };
  }

  #escape(): RegexNode {
    const letter = this.#text[this.#at++];
    if (letter === undefined) throw new RegexFault('it ends in a backslash');
    if ('bBAzZGK'.includes(letter)) return EMPTY;
    if (/[1-9]/.test(letter)) return { kind: 'set', set: ALL };
    if (letter === 'k' || letter === 'g') {
      this.#matches(/^[<{'][^>}']{1,60}[>}']/);
      return { kind: 'set', set: ALL };
    }
    return { kind: 'set', set: this.#escapedSet(letter) ?? single(letter) };
  }

  #escapedSet(letter: string): CharacterSet | undefined {
    if (letter === 'p' || letter === 'P') {
      const name = this.#matches(/^\{([^}]{1,60})\}|^[A-Z]/);
      return name === null ? ALL : property(name[1] ?? name[0], letter === 'P');
    }
    if (letter === 'x' || letter === 'u') {
      const hex = this.#matches(/^\{([0-9a-fA-F]{1,8})\}|^[0-9a-fA-F]{2,4}/);
      const code = Number.parseInt(hex?.[1] ?? hex?.[0] ?? '', 16);
      return code <= 0x10ffff ? single(String.fromCodePoint(code)) : ALL;
    }
    const control = CONTROLS[letter];
    return control === undefined ? escapeClass(letter) : single(control);
  }

  /** Behind the opening bracket. Classes stand in classes, and `&&` is what both have. */
  #class(depth: number): CharacterSet {
    if (depth > MAX_DEPTH) throw new RegexLimit('classes nested too deep');
    const negated = this.#take('^');
    let set = 0n;
    let both = ALL;
    for (let first = true; ; first = false) {
      const next = this.#text[this.#at++];
      if (next === undefined) throw new RegexFault('a class is not closed');
      if (next === ']' && !first) break;
      if (next === '&' && this.#text[this.#at] === '&') {
        this.#at++;
        both &= set;
        set = 0n;
      } else set |= this.#classPart(next, depth);
    }
    set &= both;
    return negated ? complement(set) : set;
  }

  #classPart(next: string, depth: number): CharacterSet {
    if (next === '[') {
      const posix = this.#matches(/^:(\^?[a-z]{1,10}):\]/);
      return posix === null ? this.#class(depth + 1) : posixClass(posix[1] ?? '');
    }
    const [set, character] = next === '\\' ? this.#classEscape() : [single(next), next];
    if (character === undefined || this.#text[this.#at] !== '-' || this.#text[this.#at + 1] === ']' || this.#text[this.#at + 1] === undefined) return set;
    this.#at++;
    const end = this.#text[this.#at++] ?? '';
    const [endSet, last] = end === '\\' ? this.#classEscape() : [single(end), end];
    return last === undefined ? set | endSet : range(character, last);
  }

  #classEscape(): [CharacterSet, string | undefined] {
    const letter = this.#text[this.#at++] ?? '';
    if (letter === 'x' || letter === 'u') {
      const hex = this.#matches(/^\{([0-9a-fA-F]{1,8})\}|^[0-9a-fA-F]{2,4}/);
      const code = Number.parseInt(hex?.[1] ?? hex?.[0] ?? '', 16);
      if (!(code <= 0x10ffff)) return [ALL, undefined];
      const character = String.fromCodePoint(code);
      return [single(character), character];
    }
    const control = CONTROLS[letter];
    if (control !== undefined) return [single(control), control];
    const set = this.#escapedSet(letter);
    return set === undefined ? [single(letter), letter] : [set, undefined];
  }
}
