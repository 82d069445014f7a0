import type { Digest } from './digest.ts';
import type { TileTree } from './tile-tree.ts';

/** Proofs made from stored tiles (RFC 6962, 2.1.1 and 2.1.2). The tree may be larger than the one that is proved. */

/** Largest power of two below n, for n > 1. */
function split(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

/** Proof that entry `index` is in the tree of the first `size` entries; the leaf's sibling first. */
export async function makeInclusionProof(tree: TileTree, index: number, size: number): Promise<Digest[]> {
  if (index < 0 || index >= size || size > tree.size) throw new RangeError(`no entry ${String(index)} in a tree of ${String(size)} entries`);
  let start = 0;
  let end = size;
  const proof: Digest[] = [];
  while (end - start > 1) {
    const middle = start + split(end - start);
    if (index < middle) {
      proof.push(await tree.subtreeHash(middle, end));
      end = middle;
    } else {
      proof.push(await tree.subtreeHash(start, middle));
      start = middle;
    }
  }
  return proof.reverse();
}

/** Proof that the first `oldSize` entries are a prefix of the first `newSize`. Empty for equal sizes and for oldSize = 0. */
export async function makeConsistencyProof(tree: TileTree, oldSize: number, newSize: number): Promise<Digest[]> {
  if (oldSize < 0 || oldSize > newSize || newSize > tree.size)
    throw new RangeError(`no consistency proof from ${String(oldSize)} to ${String(newSize)} entries`);
  return oldSize === 0 ? [] : makeSubtreeConsistencyProof(tree, 0, oldSize, newSize);
}

/** Proof that the valid subtree [start, end) is part of the tree of the first `size` entries. */
export async function makeSubtreeConsistencyProof(tree: TileTree, start: number, end: number, size: number): Promise<Digest[]> {
  const proof: Digest[] = [];
  let low = 0;
  let high = size;
  let whole = true;
  while (start !== low || end !== high) {
    const middle = low + split(high - low);
    if (end <= middle) {
      proof.push(await tree.subtreeHash(middle, high));
      high = middle;
    } else {
      proof.push(await tree.subtreeHash(low, middle));
      if (start < middle) {
        whole = false;
        start = middle;
      }
      low = middle;
    }
  }
  if (!whole) proof.push(await tree.subtreeHash(low, high));
  return proof.reverse();
}
