/**
 * How one kind of credential is known in a stream: by a literal that all of them have, followed by bytes of one class. When the class or
 * the greatest length ends, the pattern is tried once, at one place.
 */
export interface SecretRule {
  readonly id: string;
  /** Literals, one of which every credential of the kind has. Their case counts unless `anyCase`. */
  readonly anchors: readonly string[];
  readonly anyCase?: boolean;
  /** Characters of the credential that stand before the anchor; 0 if not given. */
  readonly lead?: number;
  /** A letter, digit or `_` may stand right before the credential. */
  readonly insideWord?: boolean;
  /** What the 64 bytes up to the end of the anchor must end in; else nothing is waited for. */
  readonly head?: RegExp;
  /** Up to 12 blanks, quotes, `:`, `=`, `>` may stand between the anchor and the value. */
  readonly separated?: boolean;
  /** What may follow the anchor, as the inside of a character class of bytes. */
  readonly follows: string;
  /** Bytes after the anchor (and its separator) that are waited for at most. */
  readonly most: number;
  /** The pattern matches no more than the beginning of the credential. */
  readonly goesOn?: boolean;
  /** Sticky, tried where the credential begins. Group 1, where there is one, is the value that is judged. */
  readonly pattern: RegExp;
  /** Bits a character that the value must have; 0 if not given. */
  readonly entropy?: number;
  /** The value's own proof: a checksum, a form that chance does not have. */
  isReal?(value: string, match: RegExpExecArray): boolean;
}

/** Bytes of text before the end of an anchor that patterns may look at. */
export const BYTES_BEFORE = 64;
/** Bytes of text after an anchor that patterns may look at. */
export const BYTES_AFTER = 256;
export const MOST_SEPARATORS = 12;

const SEPARATORS = ' \t\\"\':=>,';

/** One flag for each byte: 1 it may be part of what follows the anchor, 2 it may separate, 3 both. */
export function byteClasses({ follows }: SecretRule): Uint8Array {
  const follow = new RegExp(`^[${follows}]$`);
  return Uint8Array.from({ length: 256 }, (_, byte) => {
    const character = String.fromCharCode(byte);
    return (follow.test(character) ? 1 : 0) | (SEPARATORS.includes(character) ? 2 : 0);
  });
}
