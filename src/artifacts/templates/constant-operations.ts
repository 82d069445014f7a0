/** A value that is known before a template runs. Maps are dictionaries; null stands for a value that is not known in a known container. */
export type Constant = string | number | null | readonly Constant[] | ReadonlyMap<string, Constant>;

/** Folding is for names, not for long texts. Every node of a large tree can have a value: none grows beyond this. */
const MAX_LENGTH = 1024;
const MAX_ITEMS = 256;

function capped(text: string): string | undefined {
  return text.length <= MAX_LENGTH ? text : undefined;
}

function show(value: Constant | undefined): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' ? String(value) : undefined;
}

/** The list that Python iterates over: characters of a string, names of a dictionary. */
function items(value: Constant | undefined): readonly Constant[] | undefined {
  if (typeof value === 'string') return value.length <= MAX_ITEMS ? Array.from(value) : undefined;
  if (value instanceof Map) return [...(value as ReadonlyMap<string, Constant>).keys()];
  return Array.isArray(value) ? (value as readonly Constant[]) : undefined;
}

export function binary(operator: string, left: Constant | undefined, right: Constant | undefined): Constant | undefined {
  if (operator === '~' || (operator === '+' && typeof left === 'string')) {
    const a = show(left);
    const b = show(right);
    return a === undefined || b === undefined ? undefined : capped(a + b);
  }
  if (operator === '%' && typeof left === 'string') return format(left, Array.isArray(right) ? (right as readonly Constant[]) : [right ?? null]);
  if (operator === '*' && typeof left === 'string' && typeof right === 'number')
    return right >= 0 && left.length * right <= MAX_LENGTH ? left.repeat(Math.floor(right)) : undefined;
  if (operator === '+' && Array.isArray(left) && Array.isArray(right))
    return left.length + right.length <= MAX_ITEMS ? [...(left as readonly Constant[]), ...(right as readonly Constant[])] : undefined;
  if (typeof left !== 'number' || typeof right !== 'number') return undefined;
  if (operator === '+') return left + right;
  if (operator === '-') return left - right;
  return operator === '*' ? left * right : undefined;
}

export function index(value: Constant | undefined, at: Constant | undefined): Constant | undefined {
  if (value instanceof Map) return typeof at === 'string' ? ((value as ReadonlyMap<string, Constant>).get(at) ?? undefined) : undefined;
  return typeof at === 'number' ? (items(value)?.at(at) ?? undefined) : undefined;
}

export function slice(value: Constant | undefined, bounds: readonly (Constant | undefined)[]): Constant | undefined {
  const list = items(value);
  const [start, stop, step = 1] = bounds.map((bound) => (typeof bound === 'number' ? bound : undefined));
  if (list === undefined || step === 0) return undefined;
  const ordered = step < 0 ? list.toReversed() : list;
  // With a negative step the bounds count from the other end.
  const flip = (bound: number | undefined): number | undefined => (bound === undefined || step > 0 ? bound : bound < 0 ? -bound - 1 : list.length - 1 - bound);
  const chosen = ordered.slice(flip(start) ?? 0, flip(stop) ?? list.length).filter((_, i) => i % Math.abs(step) === 0);
  return typeof value === 'string' ? chosen.map(show).join('') : chosen;
}

/** `%s`, `%d` and `%c` of Python, one after the other. */
function format(pattern: string, args: readonly Constant[]): string | undefined {
  let next = 0;
  const text = pattern.replace(/%(?:\(\w{1,40}\))?-?[0-9]{0,3}([sdciurx%])/g, (all, kind: string) => {
    if (kind === '%') return '%';
    const value = args[next++] ?? null;
    return kind === 'c' && typeof value === 'number' ? character(value) : (show(value) ?? all);
  });
  return capped(text);
}

/** `{}`, `{0}` and `{0:c}` of Python. */
function formatBraces(pattern: string, args: readonly Constant[]): string | undefined {
  let next = 0;
  const text = pattern.replace(/\{([0-9]{0,2})(?:![rsa])?(?::([a-z]?))?\}/g, (all, position: string, kind: string | undefined) => {
    const value = args[position === '' ? next++ : Number(position)] ?? null;
    return kind === 'c' && typeof value === 'number' ? character(value) : (show(value) ?? all);
  });
  return capped(text);
}

function character(code: number): string {
  return Number.isInteger(code) && code >= 0 && code <= 0x10ffff ? String.fromCodePoint(code) : '';
}

/** Undefined unless all of them are texts. */
export function joinTexts(texts: readonly Constant[]): string | undefined {
  return texts.every((text) => typeof text === 'string') ? capped(texts.join('')) : undefined;
}

function join(list: Constant | undefined, separator: Constant | undefined): string | undefined {
  const parts = items(list)?.map(show);
  return parts === undefined || parts.includes(undefined) ? undefined : capped(parts.join(show(separator) ?? ''));
}

function replace(value: Constant | undefined, args: readonly Constant[]): string | undefined {
  const [from, to] = args;
  if (typeof value !== 'string' || typeof from !== 'string' || typeof to !== 'string' || from === '') return undefined;
  const pieces = value.split(from);
  return value.length + pieces.length * to.length <= MAX_LENGTH ? pieces.join(to) : undefined;
}

/** Filters that also exist as methods of strings. */
function transform(name: string, value: Constant | undefined): Constant | undefined {
  if (typeof value !== 'string') return undefined;
  switch (name) {
    case 'lower':
    case 'casefold':
      return value.toLowerCase();
    case 'upper':
      return value.toUpperCase();
    case 'trim':
    case 'strip':
      return value.trim();
    case 'lstrip':
      return value.trimStart();
    case 'rstrip':
      return value.trimEnd();
    case 'capitalize':
      return value.slice(0, 1).toUpperCase() + value.slice(1).toLowerCase();
    case 'swapcase':
      return Array.from(value, (letter) => (letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase())).join('');
    case 'encode':
    case 'decode':
    case 'string':
    case 'safe':
    case 'escape':
    case 'e':
      return value;
    case 'b64decode':
      return Buffer.from(value, 'base64').toString('latin1');
    default:
      return undefined;
  }
}

export function applyFilter(name: string, value: Constant | undefined, args: readonly Constant[]): Constant | undefined {
  switch (name) {
    case 'join':
      return join(value, args[0]);
    case 'reverse':
      return typeof value === 'string' ? Array.from(value).reverse().join('') : items(value)?.toReversed();
    case 'list':
      return items(value);
    case 'sort': {
      const list = items(value);
      return list?.every((item) => typeof item === 'string') === true ? list.toSorted() : undefined;
    }
    case 'first':
      return items(value)?.[0];
    case 'last':
      return items(value)?.at(-1);
    case 'format':
      return typeof value === 'string' ? format(value, args) : undefined;
    case 'replace':
      return replace(value, args);
    case 'string':
      return show(value);
    case 'default':
    case 'd':
      return value;
    default:
      return transform(name, value);
  }
}

export function callMethod(name: string, value: Constant | undefined, args: readonly Constant[]): Constant | undefined {
  if (name === 'join') return join(args[0], value);
  if (name === 'format') return typeof value === 'string' ? formatBraces(value, args) : undefined;
  if (name === 'replace') return replace(value, args);
  if (name === 'keys') return items(value);
  if (name === 'b64decode') return transform(name, args[0]);
  if (name === 'split' && typeof value === 'string' && typeof args[0] === 'string' && args[0] !== '') return value.split(args[0], MAX_ITEMS);
  return args.length === 0 || name === 'decode' || name === 'encode' ? transform(name, value) : undefined;
}

export function callFunction(name: string, args: readonly Constant[]): Constant | undefined {
  const [first] = args;
  if (name === 'chr') return typeof first === 'number' ? character(first) : undefined;
  if (name === 'str') return show(first);
  if (name !== 'range' || typeof first !== 'number') return undefined;
  const [start, stop] = args.length === 1 ? [0, first] : [first, typeof args[1] === 'number' ? args[1] : first];
  return stop - start > 64 ? undefined : Array.from({ length: Math.max(0, stop - start) }, (_, i) => start + i);
}
