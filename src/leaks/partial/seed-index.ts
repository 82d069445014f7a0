import { BODY_SYMBOLS } from '../canary.ts';

/** Length of the exact piece by which a part of a canary is found: of 16 symbols with two errors five stay together. */
export const SEED = 5;
const FILTER_BITS = 20;
const EMPTY = -1;

/**
 * Every five symbols in a row of every canary, in an open hash table behind a bit filter that fits into a cache.
 * A seed is 30 bits: six for each symbol.
 */
export interface SeedIndex {
  readonly bodies: readonly (string | undefined)[];
  /** How many bodies are in the index. */
  readonly count: number;
  readonly filter: Uint8Array;
  readonly keys: Int32Array;
  /** First posting of the key in the same slot. */
  readonly heads: Int32Array;
  /** A posting is body * 16 + place in the body; `links` leads to the next one with the same seed. */
  readonly postings: Int32Array;
  readonly links: Int32Array;
  readonly mask: number;
}

/** Six bits for each small letter and digit. */
export function seedSymbol(code: number): number {
  return code < 0x40 ? code - 0x30 : code - 0x61 + 10;
}

function seedHash(seed: number): number {
  return Math.imul(seed ^ (seed >>> 15), 0x9e3779b1) >>> 0;
}

export function buildSeedIndex(bodies: readonly (string | undefined)[]): SeedIndex {
  const known = bodies.filter((body) => body !== undefined).length;
  const places = BODY_SYMBOLS - SEED + 1;
  const slots = 2 ** Math.ceil(Math.log2(Math.max(2, known * places * 2)));
  const index = {
    bodies,
    count: known,
    filter: new Uint8Array(2 ** (FILTER_BITS - 3)),
    keys: new Int32Array(slots).fill(EMPTY),
    heads: new Int32Array(slots).fill(EMPTY),
    postings: new Int32Array(known * places),
    links: new Int32Array(known * places),
    mask: slots - 1,
  };
  let used = 0;
  for (const [number, body] of bodies.entries()) {
    if (body === undefined) continue;
    for (let place = 0; place < places; place += 1) {
      let seed = 0;
      for (let k = 0; k < SEED; k += 1) seed = (seed << 6) | seedSymbol(body.charCodeAt(place + k));
      const hash = seedHash(seed);
      index.filter[hash >>> 15] = (index.filter[hash >>> 15] ?? 0) | (1 << ((hash >>> 12) & 7));
      const slot = slotOf(index.keys, index.mask, seed, hash);
      index.keys[slot] = seed;
      index.postings[used] = number * BODY_SYMBOLS + place;
      index.links[used] = index.heads[slot] ?? EMPTY;
      index.heads[slot] = used;
      used += 1;
    }
  }
  return index;
}

function slotOf(keys: Int32Array, mask: number, seed: number, hash: number): number {
  let slot = (hash >>> 8) & mask;
  while (keys[slot] !== EMPTY && keys[slot] !== seed) slot = (slot + 1) & mask;
  return slot;
}

/** The first posting of a seed, or -1. */
export function firstPosting(index: SeedIndex, seed: number): number {
  const hash = seedHash(seed);
  if (((index.filter[hash >>> 15] ?? 0) & (1 << ((hash >>> 12) & 7))) === 0) return EMPTY;
  const slot = slotOf(index.keys, index.mask, seed, hash);
  return index.keys[slot] === seed ? (index.heads[slot] ?? EMPTY) : EMPTY;
}
