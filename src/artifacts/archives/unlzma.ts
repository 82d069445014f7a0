import type { ByteSource } from '../bytes/byte-source.ts';
import { chunksOf } from '../bytes/chunks-of.ts';
import { lengthModels, newModel, RangeDecoder, type Model } from './lzma-models.ts';
import { LzmaWindow } from './lzma-window.ts';

/** What stands in front of a stream of LZMA. */
export interface LzmaHeader {
  /** Bits of context and position: lc, lp, pb in one byte. */
  readonly properties: number;
  readonly dictionary: number;
  /** Null when a mark ends the stream. */
  readonly size: number | null;
  /** Where the stream begins. */
  readonly start: number;
}

const MAX_PROPERTIES = 9 * 5 * 5;
const MAX_SIZE = 2 ** 38;
/** Bytes that the mark of the end takes, at most. */
const MARK = 8;

/**
 * The header of a `.lzma` file, as joblib writes it too: properties, dictionary, size. It has no magic number; null where a value is one
 * that no tool writes (the tests of xz).
 */
export function lzmaHeader(head: Buffer): LzmaHeader | null {
  if (head.length < 18 || head[13] !== 0) return null;
  const [properties, dictionary, size] = [head[0] ?? 255, head.readUInt32LE(1), head.readBigUInt64LE(5)];
  const isRound = dictionary === 0xffffffff || /^1{1,2}0{11,30}$/.test(dictionary.toString(2));
  if (properties >= MAX_PROPERTIES || !isRound) return null;
  if (size === 0xffff_ffff_ffff_ffffn) return { properties, dictionary, size: null, start: 13 };
  return size < MAX_SIZE ? { properties, dictionary, size: Number(size), start: 13 } : null;
}

/** Whether bytes begin as the tools and joblib write it: three bits of literal context, two of position. No pickle goes on like that. */
export function isLzma(head: Buffer): boolean {
  return head[0] === 0x5d && lzmaHeader(head) !== null;
}

/** The header in front of a zip member of method 14: version, length of the properties, properties. */
export function zipLzmaHeader(head: Buffer): LzmaHeader {
  if (head.length < 9 || head.readUInt16LE(2) !== 5) throw new Error('no properties of LZMA');
  return { properties: head[4] ?? 255, dictionary: head.readUInt32LE(5), size: null, start: 9 };
}

/** Unpacks a stream of LZMA, in pieces. Throws at a broken place, after everything in front of it. `end` gets where it ended. */
export function* unlzma(source: ByteSource, header: LzmaHeader, end: { at: number }): Generator<Buffer> {
  const input = new Input(source, header.start);
  const window = new LzmaWindow(header.dictionary);
  let decoder: LzmaDecoder | undefined;
  try {
    decoder = new LzmaDecoder(input, window, header);
    while (decoder.step()) yield* window.take(false);
  } catch (error) {
    yield* window.take(true);
    if (decoder?.mayEnd !== true) throw error;
  }
  yield* window.take(true);
  // A mark may stand behind a size as well.
  end.at = header.size !== null && source.size - input.at <= MARK ? source.size : input.at;
}

class Input {
  at: number;
  #left: Buffer = Buffer.alloc(0);
  #next = 0;
  readonly #chunks: Iterator<Buffer>;
  isOver = false;

  constructor(source: ByteSource, start: number) {
    this.at = start;
    this.#chunks = chunksOf({ size: source.size - start, read: (offset, length) => source.read(start + offset, length) });
  }

  readonly byte = (): number => {
    while (this.#next >= this.#left.length) {
      const chunk = this.#chunks.next();
      this.isOver = chunk.done === true;
      if (chunk.done === true) throw new Error('the stream of LZMA ends too early');
      this.#left = chunk.value;
      this.#next = 0;
    }
    this.at++;
    return this.#left[this.#next++] ?? 0;
  };
}

/** One stream, symbol by symbol (LZMA Specification; names of its states are in the comments). */
class LzmaDecoder {
  readonly #input: Input;
  readonly #window: LzmaWindow;
  readonly #range: RangeDecoder;
  readonly #size: number | null;
  readonly #contextBits: number;
  readonly #literalMask: number;
  readonly #placeMask: number;
  readonly #literals: Model;
  readonly #isMatch = newModel(12 * 16);
  readonly #isRepeat = newModel(12 * 4);
  readonly #isLongRepeat = newModel(12 * 16);
  readonly #slots = Array.from({ length: 4 }, () => newModel(64));
  readonly #special = newModel(128);
  readonly #align = newModel(16);
  readonly #lengths = lengthModels();
  readonly #repeatLengths = lengthModels();
  #state = 0;
  #distances: [number, number, number, number] = [1, 1, 1, 1];

  constructor(input: Input, window: LzmaWindow, { properties, size }: LzmaHeader) {
    this.#input = input;
    this.#window = window;
    this.#size = size;
    this.#contextBits = properties % 9;
    const rest = Math.floor(properties / 9);
    this.#literalMask = (1 << (rest % 5)) - 1;
    this.#placeMask = (1 << Math.floor(rest / 5)) - 1;
    this.#literals = newModel(0x300 << (this.#contextBits + (rest % 5)));
    this.#range = new RangeDecoder(input.byte);
  }

  /** A stream of unknown size may end with its bytes, without a mark. */
  get mayEnd(): boolean {
    return this.#size === null && this.#input.isOver && this.#range.isFinished;
  }

  /** The next byte or match; false at the end. */
  step(): boolean {
    if (this.#size !== null && this.#window.total >= this.#size) return false;
    const place = this.#window.total & this.#placeMask;
    const state = this.#state;
    if (this.#range.bit(this.#isMatch, state * 16 + place) === 0) {
      this.#literal();
      this.#state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6;
      return true;
    }
    // isRep
    if (this.#range.bit(this.#isRepeat, state * 4) === 1) return this.#repeat(place);
    const length = this.#range.length(this.#lengths, place);
    const distance = this.#distance(length);
    if (distance === 0x1_0000_0000) return false;
    this.#distances = [distance, this.#distances[0], this.#distances[1], this.#distances[2]];
    this.#state = state < 7 ? 7 : 10;
    return this.#copy(length);
  }

  #literal(): void {
    const window = this.#window;
    const context = ((window.total & this.#literalMask) << this.#contextBits) + (window.back(1) >> (8 - this.#contextBits));
    const models = this.#literals.subarray(0x300 * context, 0x300 * (context + 1));
    let symbol = 1;
    let matched = this.#state >= 7 ? window.back(this.#distances[0]) : -1;
    while (symbol < 0x100) {
      const expected = matched < 0 ? 0 : (matched >> 7) & 1;
      const bit = this.#range.bit(models, matched < 0 ? symbol : ((1 + expected) << 8) + symbol);
      matched = matched < 0 || bit !== expected ? -1 : (matched << 1) & 0xff;
      symbol = symbol * 2 + bit;
    }
    window.put(symbol & 0xff);
  }

  #repeat(place: number): boolean {
    const state = this.#state;
    if (this.#window.total === 0) throw new Error('LZMA repeats a byte in front of the first one');
    const [first, second, third, fourth] = this.#distances;
    if (this.#range.bit(this.#isRepeat, state * 4 + 1) === 0) {
      if (this.#range.bit(this.#isLongRepeat, state * 16 + place) === 0) {
        this.#state = state < 7 ? 9 : 11;
        return this.#copy(1);
      }
    } else if (this.#range.bit(this.#isRepeat, state * 4 + 2) === 0) this.#distances = [second, first, third, fourth];
    else if (this.#range.bit(this.#isRepeat, state * 4 + 3) === 0) this.#distances = [third, first, second, fourth];
    else this.#distances = [fourth, first, second, third];
    const length = this.#range.length(this.#repeatLengths, place);
    this.#state = state < 7 ? 8 : 11;
    return this.#copy(length);
  }

  /** From 1 on; 2^32 is the mark of the end. */
  #distance(length: number): number {
    const slot = this.#range.tree(this.#slots[Math.min(length - 2, 3)] ?? this.#align, 6);
    if (slot < 4) return slot + 1;
    const bits = (slot >> 1) - 1;
    const base = (2 | (slot & 1)) * 2 ** bits;
    if (slot < 14) return base + this.#range.reverseTree(this.#special, base - slot, bits) + 1;
    return base + this.#range.direct(bits - 4) * 16 + this.#range.reverseTree(this.#align, 0, 4) + 1;
  }

  #copy(length: number): boolean {
    const [distance] = this.#distances;
    if (!this.#window.has(distance)) throw new Error('LZMA refers to a byte that is not there');
    const count = this.#size === null ? length : Math.min(length, this.#size - this.#window.total);
    for (let i = 0; i < count; i++) this.#window.put(this.#window.back(distance));
    return true;
  }
}
