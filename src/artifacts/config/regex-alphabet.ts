/**
 * A set of characters as bits over a sample: ASCII and one or more of each kind that patterns of tokenizers tell apart. Two sets that share
 * a character of the sample overlap.
 */
export type CharacterSet = bigint;

const OTHERS = 'éßЖЯжאع中文ひカ한ªǅ\u0301\u093e٣１①½€+…。、“”\u00a0\u2003\u3000\u200b\u200d\ufffd😀𝐀\u0085\u2028ÀÿĀſ\ue000';
const SAMPLE: readonly string[] = [...Array.from({ length: 128 }, (_, code) => String.fromCharCode(code)), ...Array.from(OTHERS)];
const PROPERTY = /^\^?[A-Za-z_]{1,40}(?:=[A-Za-z_]{1,40})?$/;
const POSIX: Readonly<Record<string, string>> = {
  alpha: '\\p{L}',
  digit: '\\p{Nd}',
  alnum: '\\p{L}\\p{Nd}',
  upper: '\\p{Lu}',
  lower: '\\p{Ll}',
  space: '\\s',
  punct: '\\p{P}\\p{S}',
  word: '\\p{L}\\p{N}_',
  xdigit: '0-9a-fA-F',
};

export const ALL: CharacterSet = (1n << BigInt(SAMPLE.length)) - 1n;
const cache = new Map<string, CharacterSet>();

/** Those of the sample that a class of the usual syntax takes. The classes are our own, never text of a file. */
function matching(characters: string): CharacterSet {
  const known = cache.get(characters);
  if (known !== undefined) return known;
  const pattern = new RegExp(`^[${characters}]$`, 'u');
  const set = SAMPLE.reduce((bits, character, index) => (pattern.test(character) ? bits | (1n << BigInt(index)) : bits), 0n);
  if (cache.size < 500) cache.set(characters, set);
  return set;
}

export function complement(set: CharacterSet): CharacterSet {
  return ALL & ~set;
}

export function single(character: string): CharacterSet {
  const index = SAMPLE.indexOf(character);
  return index < 0 ? kindOf(character) : 1n << BigInt(index);
}

/** A character that is not in the sample stands for one of its kind that is. */
function kindOf(character: string): CharacterSet {
  const kind = /\p{L}/u.test(character) ? '\\p{L}' : /\p{N}/u.test(character) ? '\\p{N}' : '\\P{L}';
  const set = matching(kind) & ~((1n << 128n) - 1n);
  return set & -set;
}

export function range(from: string, to: string): CharacterSet {
  const [low, high] = [from.codePointAt(0) ?? 0, to.codePointAt(0) ?? 0];
  const within = SAMPLE.reduce((bits, character, index) => {
    const code = character.codePointAt(0) ?? 0;
    return code >= low && code <= high ? bits | (1n << BigInt(index)) : bits;
  }, 0n);
  return within === 0n ? single(from) : within;
}

/** `\d`, `\s` and the like; undefined for letters that are no class. */
export function escapeClass(letter: string): CharacterSet | undefined {
  const kinds: Readonly<Record<string, string>> = {
    d: '\\p{Nd}',
    s: '\\s\\x85',
    w: '\\p{L}\\p{M}\\p{N}\\p{Pc}',
    h: '0-9a-fA-F',
    R: '\\r\\n\\v\\f\\x85\\u2028',
    N: '',
    X: '',
    O: '',
  };
  const kind = kinds[letter] ?? kinds[letter.toLowerCase()];
  if (kind === undefined) return undefined;
  if (kind === '') return ALL;
  return letter === letter.toLowerCase() || letter === 'R' ? matching(kind) : complement(matching(kind));
}

/** `\p{...}`: everything when the property is unknown. */
export function property(name: string, negated: boolean): CharacterSet {
  const invert = negated !== name.startsWith('^');
  const plain = name.replace(/^\^/, '');
  if (!PROPERTY.test(name)) return ALL;
  const posix = POSIX[plain.toLowerCase()];
  try {
    const set = posix === undefined ? matching(`\\p{${plain}}`) : matching(posix);
    return invert ? complement(set) : set;
  } catch {
    return scriptOf(plain, invert);
  }
}

function scriptOf(name: string, invert: boolean): CharacterSet {
  try {
    const set = matching(`\\p{Script=${name}}`);
    return invert ? complement(set) : set;
  } catch {
    return ALL;
  }
}

/** `[:alpha:]`, without its brackets and colons. */
export function posixClass(name: string): CharacterSet {
  const kind = POSIX[name.replace(/^\^/, '')];
  if (kind === undefined) return ALL;
  return name.startsWith('^') ? complement(matching(kind)) : matching(kind);
}
