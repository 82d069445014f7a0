import { inflateSync } from 'node:zlib';

/** What an expression is, as far as it is known without running it. */
export interface Value {
  /** Dotted names that it may be: an import, an attribute of one, a builtin. */
  readonly names: readonly string[];
  /** A constant text; bytes as latin1. */
  readonly text?: string | undefined;
  /** The text does not stand there: it was decoded or turned around. */
  readonly isHidden?: boolean | undefined;
  readonly number?: number | undefined;
  readonly items?: readonly Value[] | undefined;
  /** A method of a constant. */
  readonly method?: { readonly self: Value; readonly name: string };
}

export const UNKNOWN: Value = { names: [] };
/** Characters of a folded text. */
const MAX_TEXT = 64 * 1024;
const MAX_NAME = 300;
const MAX_REPLACED = 1024 * 1024;
const IMPORTERS = new Set(['__import__', 'importlib.import_module', 'importlib.__import__', 'importlib.util.find_spec']);

/** One spelling of a name: what goes through dictionaries of modules and objects is the thing itself. */
export function canonical(name: string): string {
  return name
    .replaceAll('()', '')
    .replaceAll('.__dict__', '')
    .replace(/^(?:__builtins__|__builtin__|builtins)\./, '')
    .replace(/^(?:globals|locals|vars)\.(?:__builtins__\.)?/, '')
    .replace(/^sys\.modules\./, '');
}

export function named(...names: readonly string[]): Value {
  return { names: [...new Set(names.map(canonical))].slice(0, 8) };
}

const constant = (text: string): Value => ({ names: [], text: text.slice(0, MAX_TEXT) });
const hidden = (text: string): Value => ({ ...constant(text), isHidden: true });

export function attribute(value: Value, name: string): Value {
  if (value.text !== undefined || value.items !== undefined) return { names: [], method: { self: value, name } };
  return named(...value.names.map((one) => below(one, name)));
}

/** Chains that grow with every line end somewhere. */
const below = (name: string, part: string): string => (name.length + part.length > MAX_NAME ? name : `${name}.${part}`);

/** `x['name']`; `reversed` for `x[::-1]`. */
export function element(value: Value, index: Value, reversed: boolean): Value {
  if (reversed && value.text !== undefined) return hidden(Array.from(value.text).reverse().join(''));
  if (index.number !== undefined && value.items !== undefined) return value.items[index.number] ?? UNKNOWN;
  const { text } = index;
  return text === undefined ? UNKNOWN : named(...value.names.map((one) => below(one, text)));
}

/** What a call returns. */
export function called(callee: Value, args: readonly Value[]): Value {
  if (callee.method !== undefined) return methodResult(callee.method.self, callee.method.name, args);
  const [first = UNKNOWN, second = UNKNOWN] = args;
  for (const name of callee.names) {
    const known = functionResult(name, first, second);
    if (known !== undefined) return known;
  }
  return named(...callee.names.map((name) => `${name}()`));
}

function functionResult(name: string, first: Value, second: Value): Value | undefined {
  if (IMPORTERS.has(name) && first.text !== undefined) return named(first.text, first.text.split('.')[0] ?? '');
  if (name === 'getattr' && second.text !== undefined) return attribute({ names: first.names }, second.text);
  if (name === 'vars' && first.names.length > 0) return first;
  if (name === 'chr' && first.number !== undefined && first.number <= 0x10ffff) return constant(String.fromCodePoint(first.number));
  if (name === 'str' || name === 'bytes' || name === 'bytearray' || name === 'reversed') return bytesOf(name, first);
  const { text } = first;
  return text === undefined ? undefined : decoded(name, first, text, second);
}

function bytesOf(name: string, first: Value): Value | undefined {
  if (first.items !== undefined && name !== 'str') {
    const numbers = first.items.map(({ number }) => number ?? -1);
    if (numbers.every((number) => number >= 0 && number < 256)) return hidden(Buffer.from(numbers).toString('latin1'));
  }
  if (first.text === undefined) return undefined;
  return name === 'reversed' ? hidden(Array.from(first.text).reverse().join('')) : first;
}

function decoded(name: string, first: Value, text: string, second: Value): Value | undefined {
  switch (name) {
    case 'base64.b64decode':
    case 'base64.urlsafe_b64decode':
    case 'base64.decodebytes':
    case 'binascii.a2b_base64':
      return hidden(Buffer.from(text, 'base64').toString('latin1'));
    case 'bytes.fromhex':
    case 'bytearray.fromhex':
    case 'binascii.unhexlify':
      return hidden(Buffer.from(text.replaceAll(/\s/g, ''), 'hex').toString('latin1'));
    case 'codecs.decode':
      return /^rot.?13$/i.test(second.text ?? '') ? hidden(rot13(text)) : undefined;
    case 'compile':
    case 'zlib.decompress':
      return name === 'compile' ? first : inflated(text);
    default:
      return undefined;
  }
}

function inflated(text: string): Value | undefined {
  try {
    return hidden(inflateSync(Buffer.from(text, 'latin1'), { maxOutputLength: MAX_TEXT }).toString('latin1'));
  } catch {
    return undefined;
  }
}

const rot13 = (text: string): string =>
  text.replaceAll(/[A-Za-z]/g, (letter) => String.fromCharCode(letter.charCodeAt(0) + (letter.toLowerCase() < 'n' ? 13 : -13)));

function methodResult({ text, items, isHidden }: Value, name: string, args: readonly Value[]): Value {
  const [first = UNKNOWN, second = UNKNOWN] = args;
  if (text === undefined) return name === 'copy' && items !== undefined ? { names: [], items } : UNKNOWN;
  switch (name) {
    case 'decode':
    case 'encode':
      return /^rot.?13$/i.test(first.text ?? '') ? hidden(rot13(text)) : { ...constant(text), isHidden };
    case 'strip':
      return constant(text.trim());
    case 'lower':
      return constant(text.toLowerCase());
    case 'upper':
      return constant(text.toUpperCase());
    case 'replace':
      return replaced(text, first.text, second.text);
    case 'join':
      return joined(text, first);
    default:
      return UNKNOWN;
  }
}

function replaced(text: string, what: string | undefined, by: string | undefined): Value {
  if (what === undefined || what === '' || by === undefined || text.length * Math.max(1, by.length) > MAX_REPLACED) return UNKNOWN;
  return constant(text.replaceAll(what, () => by));
}

function joined(by: string, list: Value): Value {
  const parts = list.text === undefined ? list.items?.map(({ text }) => text) : Array.from(list.text);
  if (parts === undefined) return UNKNOWN;
  let length = 0;
  for (const part of parts) length += by.length + (part?.length ?? MAX_TEXT);
  return length > MAX_TEXT ? UNKNOWN : constant(parts.join(by));
}

/** Texts that are added up. */
export function sum(a: Value, b: Value): Value {
  return a.text === undefined || b.text === undefined || a.text.length + b.text.length > MAX_TEXT
    ? UNKNOWN
    : { ...constant(a.text + b.text), isHidden: a.isHidden === true || b.isHidden === true };
}
