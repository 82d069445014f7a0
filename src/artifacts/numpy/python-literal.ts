/** A plain Python literal. */
export type Literal = null | boolean | bigint | string | { readonly is: 'tuple' | 'list'; readonly items: readonly Literal[] } | LiteralDict;

export interface LiteralDict {
  readonly is: 'dict';
  readonly entries: readonly (readonly [Literal, Literal])[];
}

export type ParsedLiteral = { readonly ok: true; readonly value: Literal } | { readonly ok: false; readonly at: number; readonly why: string };

const MAX_DEPTH = 32;
const MAX_VALUES = 100_000;
const TOKEN = /\s*(?:([A-Za-z_][A-Za-z0-9_]*)|([-+]?[0-9]{1,40})L?|([()[\]{},:])|([uUbBrR]?)(['"]))/y;

class LiteralError extends Error {
  readonly at: number;

  constructor(at: number, why: string) {
    super(why);
    this.at = at;
  }
}

/**
 * Parses a literal of strings, integers, booleans, None, tuples, lists and dicts: what a header of numpy may hold. Nothing is
 * evaluated. Anything else, also a call, is an error with its place.
 */
export function parseLiteral(text: string): ParsedLiteral {
  const parser = new LiteralParser(text);
  try {
    return { ok: true, value: parser.whole() };
  } catch (error) {
    if (error instanceof LiteralError) return { ok: false, at: error.at, why: error.message };
    throw error;
  }
}

class LiteralParser {
  readonly #text: string;
  #at = 0;
  #values = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): Literal {
    const value = this.#value(0);
    if (this.#text.slice(this.#at).trim() !== '') this.#fail('something behind the literal');
    return value;
  }

  #fail(why: string): never {
    throw new LiteralError(this.#at, why);
  }

  #value(depth: number): Literal {
    this.#values += 1;
    if (depth > MAX_DEPTH || this.#values > MAX_VALUES) this.#fail('the literal is too deep or too long');
    const [, name, digits, sign, , quote] = this.#token();
    if (name !== undefined) return this.#named(name);
    if (digits !== undefined) return BigInt(digits);
    if (quote !== undefined) return this.#string(quote);
    if (sign === '(') return this.#sequence('tuple', ')', depth);
    if (sign === '[') return this.#sequence('list', ']', depth);
    return sign === '{' ? this.#dict(depth) : this.#fail(`unexpected ${String(sign)}`);
  }

  #token(): RegExpExecArray {
    TOKEN.lastIndex = this.#at;
    const token = TOKEN.exec(this.#text) ?? this.#fail('no literal');
    this.#at = TOKEN.lastIndex;
    return token;
  }

  #named(name: string): Literal {
    if (name === 'True') return true;
    if (name === 'False') return false;
    return name === 'None' ? null : this.#fail(`the name ${name.slice(0, 40)}`);
  }

  #string(quote: string): string {
    const end = this.#text.indexOf(quote, this.#at);
    if (end < 0) this.#fail('a string without an end');
    const text = this.#text.slice(this.#at, end);
    if (text.includes('\\') || text.includes('\n')) this.#fail('a string with escapes');
    this.#at = end + 1;
    return text;
  }

  #peek(): string | undefined {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at += 1;
    return this.#text[this.#at];
  }

  #take(sign: string): boolean {
    if (this.#peek() !== sign) return false;
    this.#at += 1;
    return true;
  }

  #sequence(is: 'tuple' | 'list', close: string, depth: number): Literal {
    const items: Literal[] = [];
    while (!this.#take(close)) {
      items.push(this.#value(depth + 1));
      if (this.#take(',')) continue;
      if (!this.#take(close)) this.#fail('a list without an end');
      // Parentheses around one value are no tuple.
      return is === 'tuple' && items.length === 1 ? (items[0] ?? null) : { is, items };
    }
    return { is, items };
  }

  #dict(depth: number): Literal {
    const entries: [Literal, Literal][] = [];
    while (!this.#take('}')) {
      const key = this.#value(depth + 1);
      if (!this.#take(':')) this.#fail('a key without a value');
      entries.push([key, this.#value(depth + 1)]);
      if (this.#take(',')) continue;
      if (!this.#take('}')) this.#fail('a dict without an end');
      break;
    }
    return { is: 'dict', entries };
  }
}
