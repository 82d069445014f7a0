import { DIGEST_BYTES, EMPTY_ROOT, hashNode } from './digest.ts';
import type { Digest } from './digest.ts';

/** Proof checks of RFC 6962 and its subtree extension (draft-ietf-plants-merkle-tree-certs). Sizes are bigint: hostile proofs name any number below 2^64. */

/** Whether [start, end) is a valid subtree: not empty, and start is divisible by the smallest power of two not below its size. */
export function isSubtree(start: bigint, end: bigint): boolean {
  if (start < 0n || end <= start) return false;
  let width = 1n;
  while (width < end - start) width *= 2n;
  return start % width === 0n;
}

function wellFormed(proof: readonly Digest[]): boolean {
  return proof.every((digest) => digest.length === DIGEST_BYTES);
}

/** Whether `proof` (leaf's sibling first) shows that `leaf` stands at `index` in the tree of `size` entries with this root. */
export function verifyInclusion(index: bigint, size: bigint, leaf: Digest, proof: readonly Digest[], root: Digest): boolean {
  if (index < 0n || index >= size || leaf.length !== DIGEST_BYTES || !wellFormed(proof)) return false;
  let fn = index;
  let sn = size - 1n;
  let r = leaf;
  for (const p of proof) {
    if (sn === 0n) return false;
    if (fn % 2n === 1n || fn === sn) {
      r = hashNode(p, r);
      while (fn % 2n === 0n && fn !== 0n) {
        fn >>= 1n;
        sn >>= 1n;
      }
    } else r = hashNode(r, p);
    fn >>= 1n;
    sn >>= 1n;
  }
  return sn === 0n && r === root;
}

/** Whether `proof` shows that `leaf` stands at `index` (counted in the whole tree) in the subtree [start, end) with this root. */
export function verifySubtreeInclusion(index: bigint, start: bigint, end: bigint, leaf: Digest, proof: readonly Digest[], root: Digest): boolean {
  return isSubtree(start, end) && index >= start && index < end && verifyInclusion(index - start, end - start, leaf, proof, root);
}

/** Whether `proof` shows that the subtree [start, end) with root `subRoot` is part of the tree of `size` entries with root `root`. */
export function verifySubtreeConsistency(start: bigint, end: bigint, size: bigint, proof: readonly Digest[], subRoot: Digest, root: Digest): boolean {
  if (start >= 0n && start === end && end <= size) return proof.length === 0 && subRoot === EMPTY_ROOT;
  if (!isSubtree(start, end) || end > size || !wellFormed(proof)) return false;
  let fn = start;
  let sn = end - 1n;
  let tn = size - 1n;
  const up = (): void => {
    fn >>= 1n;
    sn >>= 1n;
    tn >>= 1n;
  };
  while (fn !== sn && (sn % 2n === 1n || end === size)) up();
  const rest = [...proof];
  const first = fn === sn ? subRoot : rest.shift();
  if (first === undefined) return false;
  let fr = first;
  let sr = first;
  for (const p of rest) {
    if (tn === 0n) return false;
    if (sn % 2n === 1n || sn === tn) {
      if (fn < sn) fr = hashNode(p, fr);
      sr = hashNode(p, sr);
      while (sn % 2n === 0n && sn !== 0n) up();
    } else sr = hashNode(sr, p);
    up();
  }
  return tn === 0n && fr === subRoot && sr === root;
}

/**
 * Whether `proof` shows that the tree (size1, root1) is a prefix of (size2, root2). False for size1 = 0: nothing can be proved
 * from an empty tree, so a caller that accepts it (tlog-witness: with an empty proof) decides that first.
 */
export function verifyConsistency(size1: bigint, size2: bigint, root1: Digest, root2: Digest, proof: readonly Digest[]): boolean {
  if (size1 <= 0n || size1 > size2) return false;
  if (size1 === size2) return proof.length === 0 && root1 === root2;
  return verifySubtreeConsistency(0n, size1, size2, proof, root1, root2);
}
