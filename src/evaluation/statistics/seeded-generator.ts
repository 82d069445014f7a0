import { requireCount } from './checked-numbers.ts';

/**
 * A source of random numbers that gives the same sequence for the same seed and purpose on every machine.
 *
 * PCG-XSH-RR 64/32 (M. O'Neill, "PCG: A Family of Simple Fast Space-Efficient Statistically Good Algorithms for Random
 * Number Generation", 2014): 64 bits of state, one 32-bit output a step; the stream is chosen by the purpose, so that two
 * tests with one seed do not draw the same numbers. State is held in two unsigned 32-bit halves.
 */
export interface SeededGenerator {
  /** Uniform integer in [0, 2^32). */
  uint32(): number;
  /** Uniform integer in [0, bound), without bias; bound is an integer, 1 <= bound < 2^32. */
  below(bound: number): number;
  /** Uniform in [0, 1) with 53 random bits. */
  uniform(): number;
}

const MULTIPLIER_HIGH = 0x5851f42d;
const MULTIPLIER_LOW = 0x4c957f2d;

/** High 32 bits of the product of two unsigned 32-bit integers. */
function highProduct(a: number, b: number): number {
  const [aHigh, aLow, bHigh, bLow] = [a >>> 16, a & 0xffff, b >>> 16, b & 0xffff];
  const middle = aHigh * bLow + Math.floor((aLow * bLow) / 0x10000);
  const cross = aLow * bHigh + (middle % 0x10000);
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(cross / 0x10000)) >>> 0;
}

/** PCG32 as in the reference implementation's `pcg32_srandom(state, sequence)`; both are unsigned 64-bit integers. */
export function pcg32(state: bigint, sequence: bigint): SeededGenerator {
  const increment = BigInt.asUintN(64, (sequence << 1n) | 1n);
  const [addHigh, addLow] = [Number(increment >> 32n), Number(increment & 0xffffffffn)];
  let high = 0;
  let low = 0;
  const step = (): void => {
    const product = Math.imul(high, MULTIPLIER_LOW) + Math.imul(low, MULTIPLIER_HIGH) + highProduct(low, MULTIPLIER_LOW);
    const sum = (Math.imul(low, MULTIPLIER_LOW) >>> 0) + addLow;
    low = sum >>> 0;
    high = (product + addHigh + (sum > 0xffffffff ? 1 : 0)) >>> 0;
  };
  step();
  const seeded = BigInt.asUintN(64, ((BigInt(high) << 32n) | BigInt(low)) + state);
  [high, low] = [Number(seeded >> 32n), Number(seeded & 0xffffffffn)];
  step();

  const uint32 = (): number => {
    const [oldHigh, oldLow] = [high, low];
    step();
    // xorshifted = ((old >> 18) ^ old) >> 27, in 64 bits, cut to 32; rotation = old >> 59.
    const mixedHigh = (oldHigh ^ (oldHigh >>> 18)) >>> 0;
    const mixedLow = (oldLow ^ ((oldHigh << 14) | (oldLow >>> 18))) >>> 0;
    const shifted = ((mixedHigh << 5) | (mixedLow >>> 27)) >>> 0;
    const rotation = oldHigh >>> 27;
    return ((shifted >>> rotation) | (shifted << (-rotation & 31))) >>> 0;
  };
  // D. Lemire, "Fast random integer generation in an interval" (2019): the high half of value * bound, without bias.
  const below = (bound: number): number => {
    for (;;) {
      const value = uint32();
      const low = Math.imul(value, bound) >>> 0;
      // Low halves under 2^32 mod bound would favor some results; the remainder is needed for a small one only.
      if (low < bound && low < (0x100000000 - bound) % bound) continue;
      return bound <= 0x200000 ? (value * bound - low) / 0x100000000 : highProduct(value, bound);
    }
  };
  return { uint32, below, uniform: () => ((uint32() >>> 5) * 0x4000000 + (uint32() >>> 6)) / 0x20000000000000 };
}

/** FNV-1a, 64 bits, over the UTF-8 bytes of a text: turns a purpose into a stream number. */
function fnv1a64(text: string): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(text, 'utf8')) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash;
}

/** The generator of a seed (an integer from 0 to 2^53 - 1) for one purpose; every purpose has a stream of its own. */
export function seededGenerator(seed: number, purpose: string): SeededGenerator {
  requireCount('seed', seed);
  return pcg32(BigInt(seed), fnv1a64(purpose));
}

/** Shuffles an array in place (Fisher-Yates), every order equally likely. */
export function shuffle<T>(items: T[], random: SeededGenerator): T[] {
  for (let i = items.length - 1; i > 0; i -= 1) {
    const j = random.below(i + 1);
    [items[i], items[j]] = [items[j] as T, items[i] as T];
  }
  return items;
}
