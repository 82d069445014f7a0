/** Element types in which NaN or infinity exist, by the names of safetensors. */
export type FloatType = 'F64' | 'F32' | 'F16' | 'BF16' | 'C64' | 'F8_E4M3' | 'F8_E5M2' | 'F8_E8M0' | 'F8_E4M3FNUZ' | 'F8_E5M2FNUZ';

const ELEMENT_BYTES: Record<FloatType, number> = {
  F64: 8,
  F32: 4,
  C64: 4,
  F16: 2,
  BF16: 2,
  F8_E4M3: 1,
  F8_E5M2: 1,
  F8_E8M0: 1,
  F8_E4M3FNUZ: 1,
  F8_E5M2FNUZ: 1,
};

export function floatType(dtype: string): FloatType | undefined {
  return Object.hasOwn(ELEMENT_BYTES, dtype) ? (dtype as FloatType) : undefined;
}

/** What to look for in one type. `word` bytes are one element; `exponent` are the bits that are all set in NaN and infinity. */
const EXPONENTS: Partial<Record<FloatType, number>> = { F64: 0x7ff00000, F32: 0x7f800000, C64: 0x7f800000, F16: 0x7c00, BF16: 0x7f80, F8_E5M2: 0x7c };
/** Small types have single values instead. */
const VALUES: Partial<Record<FloatType, readonly number[]>> = { F8_E4M3: [0x7f, 0xff], F8_E8M0: [0xff], F8_E4M3FNUZ: [0x80], F8_E5M2FNUZ: [0x80] };

/** Elements between two looks at the result: large enough that the loop is tight, small enough that the place is found quickly. */
const BLOCK_BYTES = 32 * 1024;

/**
 * Finds NaN and infinity in the bytes of one tensor, which come in pieces of any size: the pass that hashes a file feeds it. About as
 * fast as memory; values are never converted.
 */
export class NonFiniteSearch {
  private readonly type: FloatType;
  private readonly element: number;
  /** Of an element that is cut by the end of a piece. */
  private rest: Buffer = Buffer.alloc(0);
  private consumed = 0;
  /** Offset in the tensor of the first such element in bytes; undefined while there is none. */
  first: number | undefined;

  constructor(type: FloatType) {
    this.type = type;
    this.element = ELEMENT_BYTES[type];
  }

  update(chunk: Buffer): void {
    if (this.first !== undefined || chunk.length === 0) return;
    let bytes = chunk;
    if (this.rest.length > 0) {
      const missing = this.element - this.rest.length;
      const joined = Buffer.concat([this.rest, chunk.subarray(0, missing)]);
      this.rest = Buffer.alloc(0);
      if (joined.length < this.element) {
        this.rest = joined;
        return;
      }
      this.search(joined);
      bytes = chunk.subarray(missing);
    }
    const whole = bytes.length - (bytes.length % this.element);
    this.search(bytes.subarray(0, whole));
    // A copy: the piece belongs to whoever read it.
    this.rest = Buffer.from(bytes.subarray(whole));
  }

  private search(bytes: Buffer): void {
    for (let at = 0; at < bytes.length && this.first === undefined; at += BLOCK_BYTES) {
      const block = bytes.subarray(at, at + BLOCK_BYTES);
      if (this.holds(block)) this.first = this.consumed + at + this.place(block);
    }
    this.consumed += bytes.length;
  }

  private holds(block: Buffer): boolean {
    const exponent = EXPONENTS[this.type];
    if (exponent === undefined) return (VALUES[this.type] ?? []).some((value) => block.includes(value));
    // Typed views need aligned memory, and whole words; the few bytes behind them are looked at one by one.
    const words = (block.length >>> 4) * 4;
    const aligned = block.byteOffset % 4 === 0 ? block : Buffer.from(new Uint8Array(block).buffer);
    const view = new Int32Array(aligned.buffer, aligned.byteOffset, words);
    const found = this.element === 8 ? holdsIn64(view, exponent) : holdsPacked(view, exponent, this.element);
    return found || this.placeFrom(block, words * 4) !== undefined;
  }

  private place(block: Buffer): number {
    return this.placeFrom(block, 0) ?? 0;
  }

  private placeFrom(block: Buffer, from: number): number | undefined {
    const exponent = EXPONENTS[this.type];
    const values = VALUES[this.type];
    for (let at = from; at + this.element <= block.length; at += this.element) {
      // The exponent of a little-endian number is in its last word.
      const word = this.element === 8 ? block.readUInt32LE(at + 4) : block.readUIntLE(at, this.element);
      if (exponent === undefined ? values?.includes(word) : (word & exponent) === exponent) return at;
    }
    return undefined;
  }
}

/** The exponent of an F64 is in the second of its two words. */
function holdsIn64(view: Int32Array, exponent: number): boolean {
  let found = 0;
  for (let i = 1; i < view.length; i += 2) found |= ((view[i] ?? 0) & exponent) === exponent ? 1 : 0;
  return found !== 0;
}

const EVERY: Record<number, number> = { 1: 0x01010101, 2: 0x00010001, 4: 1 };

/**
 * One, two or four elements in one word: adding the lowest bit of the exponent carries into the place of the sign only where all of its bits
 * are set. No branches, an index instead of an iterator and four words a turn are what makes it as fast as memory. `view` has a multiple
 * of four words.
 */
function holdsPacked(view: Int32Array, exponent: number, element: number): boolean {
  const every = EVERY[element] ?? 1;
  const mask = Math.imul(exponent, every);
  const lowest = Math.imul(exponent & -exponent, every);
  const sign = Math.imul(1 << (8 * element - 1), every);
  let even = 0;
  let odd = 0;
  for (let i = 0; i < view.length; i += 4) {
    even |= (((view[i] ?? 0) & mask) + lowest) | (((view[i + 1] ?? 0) & mask) + lowest);
    odd |= (((view[i + 2] ?? 0) & mask) + lowest) | (((view[i + 3] ?? 0) & mask) + lowest);
  }
  return ((even | odd) & sign) !== 0;
}
