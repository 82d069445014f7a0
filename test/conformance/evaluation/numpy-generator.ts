const MASK_128 = (1n << 128n) - 1n;
const PCG_MULTIPLIER = 0x2360ed051fc65da44385df649fccf645n;

const mul32 = (a: number, b: number): number => Math.imul(a, b) >>> 0;

/** numpy's SeedSequence for one integer: a pool of four words, hashed and mixed (M. O'Neill's seed_seq_fe). */
function seedWords(seed: number, words: number): number[] {
  let hash = 0x43b0d7e5;
  const hashmix = (value: number): number => {
    const mixed = (value ^ hash) >>> 0;
    hash = mul32(hash, 0x931e8875);
    const product = mul32(mixed, hash);
    return (product ^ (product >>> 16)) >>> 0;
  };
  const mix = (x: number, y: number): number => {
    const result = (mul32(x, 0xca01f9dd) - mul32(y, 0x4973f715)) >>> 0;
    return (result ^ (result >>> 16)) >>> 0;
  };
  const pool = [seed, 0, 0, 0].map((word) => hashmix(word));
  for (let source = 0; source < 4; source += 1) {
    for (let target = 0; target < 4; target += 1) if (source !== target) pool[target] = mix(pool[target] ?? 0, hashmix(pool[source] ?? 0));
  }
  let state = 0x8b51f9dd;
  return Array.from({ length: words }, (_unused, i) => {
    const value = ((pool[i % 4] ?? 0) ^ state) >>> 0;
    state = mul32(state, 0x58f38ded);
    const product = mul32(value, state);
    return (product ^ (product >>> 16)) >>> 0;
  });
}

/** `numpy.random.default_rng(seed)` as far as the golden set was drawn with it: PCG64 (XSL-RR), integers below a bound, permutations. */
export class NumpyGenerator {
  #state = 0n;
  readonly #increment: bigint;
  #half: number | null = null;

  /** A seed under 2^32. */
  constructor(seed: number) {
    const words = seedWords(seed, 8).map(BigInt);
    const pair = (i: number): bigint => ((words[2 * i + 1] ?? 0n) << 32n) | (words[2 * i] ?? 0n);
    const start = (pair(0) << 64n) | pair(1);
    this.#increment = ((((pair(2) << 64n) | pair(3)) << 1n) | 1n) & MASK_128;
    this.#step();
    this.#state = (this.#state + start) & MASK_128;
    this.#step();
  }

  #step(): void {
    this.#state = (this.#state * PCG_MULTIPLIER + this.#increment) & MASK_128;
  }

  /** 64 bits give two halves, the low one first. */
  #uint32(): number {
    if (this.#half !== null) {
      const half = this.#half;
      this.#half = null;
      return half;
    }
    this.#step();
    const folded = BigInt.asUintN(64, (this.#state >> 64n) ^ this.#state);
    const rotation = this.#state >> 122n;
    const value = BigInt.asUintN(64, (folded >> rotation) | (folded << ((64n - rotation) & 63n)));
    this.#half = Number(value >> 32n);
    return Number(value & 0xffffffffn);
  }

  /** Uniform in [low, high), by Lemire's method. */
  integers(low: number, high: number): number {
    const range = high - low;
    if (range === 1) return low;
    const threshold = (0x100000000 - range) % range;
    for (;;) {
      const product = BigInt(this.#uint32()) * BigInt(range);
      if (Number(product & 0xffffffffn) >= threshold) return low + Number(product >> 32n);
    }
  }

  /** Uniform in [0, highest], by masking and drawing again: shuffles use this one. */
  #interval(highest: number): number {
    const mask = 0xffffffff >>> Math.clz32(highest);
    for (;;) {
      const value = (this.#uint32() & mask) >>> 0;
      if (value <= highest) return value;
    }
  }

  permutation(length: number): number[] {
    const items = Array.from({ length }, (_unused, i) => i);
    for (let i = length - 1; i > 0; i -= 1) {
      const j = this.#interval(i);
      [items[i], items[j]] = [items[j] ?? 0, items[i] ?? 0];
    }
    return items;
  }
}
