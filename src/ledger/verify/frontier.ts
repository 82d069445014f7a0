import { EMPTY_ROOT, hashNode } from './digest.ts';
import type { Digest } from './digest.ts';

/** Called for every perfect subtree of height 8, 16, 24, ... that an append completes. */
export type OnTileRoot = (level: number, digest: Digest) => void;

/**
 * All that an appender needs of a Merkle tree (RFC 6962, 2.1): the roots of its perfect subtrees, one for each set bit of the
 * size. Counts by division because bit operators stop at 32 bits.
 */
export class Frontier {
  #size = 0;
  readonly #roots: Digest[] = [];

  get size(): number {
    return this.#size;
  }

  /** Appends a perfect subtree of height `height` (0: a leaf hash). The size must be a multiple of 2^height. */
  append(digest: Digest, height = 0, onTileRoot?: OnTileRoot): void {
    let h = digest;
    let k = height;
    let bits = height === 0 ? this.#size : Math.floor(this.#size / 2 ** height);
    while (bits % 2 === 1) {
      h = hashNode(this.#roots[k] ?? '', h);
      bits = (bits - 1) / 2;
      k += 1;
      if (k % 8 === 0) onTileRoot?.(k / 8, h);
    }
    this.#roots[k] = h;
    this.#size += 2 ** height;
  }

  root(): Digest {
    let bits = this.#size;
    let root: Digest | undefined;
    for (let k = 0; bits > 0; k += 1) {
      const set = bits % 2 === 1;
      bits = Math.floor(bits / 2);
      if (!set) continue;
      const left = this.#roots[k] ?? '';
      root = root === undefined ? left : hashNode(left, root);
    }
    return root ?? EMPTY_ROOT;
  }
}
