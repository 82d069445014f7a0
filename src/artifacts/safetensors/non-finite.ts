import { carriesIn, type Carry } from '../bytes/carry-search.ts';

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

/** Bytes of one element, of one half of a complex number. */
export function floatBytes(type: FloatType): number {
  return ELEMENT_BYTES[type];
}

/** The bits that are all set in what is not finite, and only there. Of F64 they are in the last of its two words. */
const EXPONENTS: Partial<Record<FloatType, number>> = {
  F64: 0x7ff00000,
  F32: 0x7f800000,
  C64: 0x7f800000,
  F16: 0x7c00,
  BF16: 0x7f80,
  F8_E5M2: 0x7c,
  F8_E4M3: 0x7f,
};
/** Small types have single values instead. */
const VALUES: Partial<Record<FloatType, number>> = { F8_E8M0: 0xff, F8_E4M3FNUZ: 0x80, F8_E5M2FNUZ: 0x80 };

/**
 * Adding the lowest bit of the exponent carries into the place of the sign only where all of its bits are set; as many elements at once
 * as have room. Of F64 nothing is added to the low word.
 */
function carryOf(exponent: number, element: number): Carry {
  const [bits, shift] = element === 8 ? [64n, 32n] : [BigInt(8 * element), 0n];
  let every = 0n;
  for (let at = 0n; at < 64n; at += bits) every |= 1n << (at + shift);
  return { mask: BigInt(exponent) * every, lowest: BigInt(exponent & -exponent) * every, sign: (1n << (bits - shift - 1n)) * every };
}

/** Elements between two looks at the result: large enough that the loop is tight, small enough that the place is found quickly. */
const BLOCK_BYTES = 32 * 1024;

/**
 * Finds NaN and infinity in the bytes of one tensor, which come in pieces of any size: the pass that hashes a file feeds it. About as
 * fast as memory; values are never converted.
 */
export class NonFiniteSearch {
  private readonly type: FloatType;
  private readonly element: number;
  private readonly carry: Carry | undefined;
  /** Of an element that is cut by the end of a piece. */
  private rest: Buffer = Buffer.alloc(0);
  private consumed = 0;
  /** Offset in the tensor of the first such element in bytes; undefined while there is none. */
  first: number | undefined;

  constructor(type: FloatType) {
    this.type = type;
    this.element = ELEMENT_BYTES[type];
    const exponent = EXPONENTS[type];
    this.carry = exponent === undefined ? undefined : carryOf(exponent, this.element);
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
    if (this.carry !== undefined) return carriesIn(block, this.carry);
    const value = VALUES[this.type];
    return value !== undefined && block.includes(value);
  }

  private place(block: Buffer): number {
    const exponent = EXPONENTS[this.type];
    const value = VALUES[this.type];
    for (let at = 0; at + this.element <= block.length; at += this.element) {
      // The exponent of a little-endian number is in its last word.
      const word = this.element === 8 ? block.readUInt32LE(at + 4) : block.readUIntLE(at, this.element);
      if (exponent === undefined ? word === value : (word & exponent) === exponent) return at;
    }
    return 0;
  }
}
