/** Probabilities of bits, as LZMA keeps them: 11 bits, one half to begin with. */
export type Model = Uint16Array;

const HALF = 1024;

export function newModel(size: number): Model {
  return new Uint16Array(size).fill(HALF);
}

/** Models of the length of a match, for each of 16 places in four bytes. */
export interface LengthModels {
  readonly choice: Model;
  readonly low: readonly Model[];
  readonly middle: readonly Model[];
  readonly high: Model;
}

export function lengthModels(): LengthModels {
  const places = (): Model[] => Array.from({ length: 16 }, () => newModel(8));
  return { choice: newModel(2), low: places(), middle: places(), high: newModel(256) };
}

/** The range decoder of LZMA ("LZMA Specification", LZMA SDK). `next` gives the bytes of the stream and throws behind the last one. */
export class RangeDecoder {
  readonly #next: () => number;
  #range = 0xffffffff;
  #code = 0;

  /** The first byte is zero in every stream. */
  constructor(next: () => number) {
    this.#next = next;
    if (next() !== 0) throw new Error('the first byte of an LZMA stream is not zero');
    for (let i = 0; i < 4; i++) this.#code = ((this.#code << 8) | next()) >>> 0;
  }

  /** Whether a stream may end here without a mark. */
  get isFinished(): boolean {
    return this.#code === 0;
  }

  #normalize(): void {
    if (this.#range >= 0x1000000) return;
    this.#range = (this.#range << 8) >>> 0;
    this.#code = ((this.#code << 8) | this.#next()) >>> 0;
  }

  bit(model: Model, index: number): number {
    const probability = model[index] ?? HALF;
    const bound = (this.#range >>> 11) * probability;
    const bit = this.#code < bound ? 0 : 1;
    if (bit === 0) {
      model[index] = probability + ((2048 - probability) >> 5);
      this.#range = bound;
    } else {
      model[index] = probability - (probability >> 5);
      this.#range -= bound;
      this.#code -= bound;
    }
    this.#normalize();
    return bit;
  }

  /** Bits that have no model. */
  direct(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) {
      this.#range >>>= 1;
      const bit = this.#code >= this.#range ? 1 : 0;
      if (bit === 1) this.#code -= this.#range;
      this.#normalize();
      value = value * 2 + bit;
    }
    return value;
  }

  tree(model: Model, bits: number): number {
    let index = 1;
    for (let i = 0; i < bits; i++) index = index * 2 + this.bit(model, index);
    return index - (1 << bits);
  }

  /** The lowest bit first; models from `offset` on. */
  reverseTree(model: Model, offset: number, bits: number): number {
    let index = 1;
    let value = 0;
    for (let i = 0; i < bits; i++) {
      const bit = this.bit(model, offset + index);
      index = index * 2 + bit;
      value |= bit << i;
    }
    return value;
  }

  length({ choice, low, middle, high }: LengthModels, place: number): number {
    if (this.bit(choice, 0) === 0) return 2 + this.tree(low[place] ?? high, 3);
    if (this.bit(choice, 1) === 0) return 10 + this.tree(middle[place] ?? high, 3);
    return 18 + this.tree(high, 8);
  }
}
