import type { Tape } from '../text/skeleton.ts';

/** Reads what follows a marker that was found in some encoding. */
export interface CodeReader {
  /** The next character's code; -1 at the end and at what the encoding does not know. */
  next(): number;
  /** Index on the tape of the next character to read. */
  position(): number;
  /** Places so far at which the text can be read in more than one way; absent when there are none. */
  readonly choices?: () => number;
}

/** 1 along the tape, -1 against it. */
export type Step = 1 | -1;

/**
 * @param first The first character of the marker in the order of reading.
 * @param turn At the choice with this number the second way is taken, at all others the likeliest.
 */
export type OpenReader = (tape: Tape, first: number, step: Step, turn: number) => CodeReader;

const NOTHING = 255;

function at({ codes, length }: Tape, index: number): number {
  return index >= 0 && index < length ? (codes[index] ?? -1) : -1;
}

/** Value of each ASCII code in an alphabet; `NOTHING` for the others. */
function valuesOf(alphabet: string): Uint8Array {
  const values = new Uint8Array(128).fill(NOTHING);
  for (let i = 0; i < alphabet.length; i += 1) values[alphabet.charCodeAt(i)] = i;
  return values;
}

/** One character stands for one: `table` says for which. */
export function readMapped(table: Uint8Array, skip: number): OpenReader {
  return (tape, first, step) => {
    let index = first + step * skip;
    return {
      next: () => {
        const code = at(tape, index);
        if (code < 0) return -1;
        index += step;
        return table[code] ?? -1;
      },
      position: () => index,
    };
  };
}

const DIGITS = valuesOf('0123456789abcdef');

function readNumber(tape: Tape, index: number, step: Step, radix: number, width: number): number {
  let value = 0;
  for (let k = 0; k < width; k += 1) {
    const digit = DIGITS[Math.max(0, at(tape, index + step * k))] ?? NOTHING;
    if (digit >= radix) return -1;
    value = value * radix + digit;
  }
  return value;
}

/** Numbers of `width` digits, each after `separator`. */
export function readDigits(radix: number, width: number, separator: string, skip: number): OpenReader {
  return (tape, first, step) => {
    let index = first + step * skip;
    return {
      next: () => {
        for (let k = 0; k < separator.length; k += 1) if (at(tape, index + step * k) !== separator.charCodeAt(k)) return -1;
        const start = index + step * separator.length;
        const value = readNumber(tape, start, step, radix, width);
        if (value >= 0) index = start + step * width;
        return value;
      },
      position: () => index,
    };
  };
}

/** Decimal codes without padding: printable ASCII that begins with 1 has three digits, all other has two. */
export function readDecimal(skip: number): OpenReader {
  return (tape, first, step) => {
    let index = first + step * skip;
    return {
      next: () => {
        const width = at(tape, index) === 0x31 ? 3 : 2;
        const value = readNumber(tape, index, step, 10, width);
        if (value >= 0) index += step * width;
        return value;
      },
      position: () => index,
    };
  };
}

/** Hexadecimal bytes in the reverse order, each with its digits as usual. `first` is the high digit of the marker's first byte. */
export function readReversedPairs(skipBytes: number): OpenReader {
  return (tape, first) => {
    let index = first - 2 * skipBytes;
    return {
      next: () => {
        const value = readNumber(tape, index, 1, 16, 2);
        if (value >= 0) index -= 2;
        return value;
      },
      // The last pair read is at index + 2, its high digit is the outermost character.
      position: () => index + 1,
    };
  };
}

/** Bytes packed into symbols of `width` bits (RFC 4648); reading begins `skipBits` behind the start of the first symbol. */
export function readPacked(alphabet: string, width: number, skipBits: number): OpenReader {
  const values = valuesOf(alphabet);
  return (tape, first, step) => {
    let bit = skipBits;
    return {
      next: () => {
        let value = 0;
        let missing = 8;
        while (missing > 0) {
          const symbol = values[Math.max(0, at(tape, first + step * Math.floor(bit / width)))] ?? NOTHING;
          if (symbol === NOTHING) return -1;
          const left = width - (bit % width);
          const taken = Math.min(left, missing);
          value = (value << taken) | ((symbol >> (left - taken)) & ((1 << taken) - 1));
          missing -= taken;
          bit += taken;
        }
        return value;
      },
      position: () => first + step * Math.ceil(bit / width),
    };
  };
}

/**
 * Words that stand for characters; with `others`, every character also stands for itself. Without spaces some rows of words can be read in
 * two ways: ZER1 and 0NE are both "zerone", "nine romeo" begins with "niner".
 */
export function readWords(words: readonly (readonly [string, number])[], others: boolean, skip: number): OpenReader {
  const longestFirst = words.toSorted(([a], [b]) => b.length - a.length);
  return (tape, first, _step, turn) => {
    let index = first + skip;
    let choices = 0;
    const goesOn = (behind: number): boolean => behind >= tape.length || others || longestFirst.some(([text]) => hasWord(tape, behind, text));
    return {
      next: () => {
        const letter = at(tape, index);
        const options = longestFirst.filter(([text]) => hasWord(tape, index, text)).map(([text, code]): [number, number] => [text.length, code]);
        if (others && letter >= 0) options.push([1, letter]);
        if (options.length > 1) choices += 1;
        const likeliest = options.findIndex(([length]) => goesOn(index + length));
        const [length, code] = (turn > 0 && choices === turn && options.length > 1 ? options[1] : options[Math.max(0, likeliest)]) ?? [0, -1];
        index += length;
        return code;
      },
      position: () => index,
      choices: () => choices,
    };
  };
}

function hasWord(tape: Tape, index: number, word: string): boolean {
  for (let k = 0; k < word.length; k += 1) if (at(tape, index + k) !== word.charCodeAt(k)) return false;
  return true;
}
