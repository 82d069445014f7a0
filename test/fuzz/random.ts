/** Pseudo-random numbers that a seed repeats (splitmix32 by Vigna and Steele, as numbers of 32 bits). */
export class Random {
  #state: number;

  /** `path`: numbers that are mixed into the seed, so that each case has a sequence of its own. */
  constructor(seed: number, ...path: readonly number[]) {
    this.#state = seed >>> 0;
    for (const number of path) this.#state = (this.#next() ^ Math.imul(number, 0x9e3779b1)) >>> 0;
  }

  #next(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    let z = this.#state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  }

  /** A whole number from 0 to `end` - 1; 0 where there is none. */
  below(end: number): number {
    return end <= 1 ? 0 : this.#next() % end;
  }

  /** Whether something happens that happens once in `times`. */
  oneIn(times: number): boolean {
    return this.below(times) === 0;
  }

  /** One of a list that is not empty. */
  pick<T>(list: readonly T[]): T {
    const value = list[this.below(list.length)];
    if (value === undefined) throw new Error('the list is empty');
    return value;
  }
}
