import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hashLeaf, hashNode } from '../../../src/ledger/verify/digest.ts';
import type { Digest } from '../../../src/ledger/verify/digest.ts';
import { Frontier } from '../../../src/ledger/verify/frontier.ts';
import { makeConsistencyProof, makeInclusionProof, makeSubtreeConsistencyProof } from '../../../src/ledger/verify/make-proof.ts';
import { isSubtree, verifyConsistency, verifyInclusion, verifySubtreeConsistency, verifySubtreeInclusion } from '../../../src/ledger/verify/proof.ts';
import { TileTree } from '../../../src/ledger/verify/tile-tree.ts';
import { referenceRoot, tilesOf } from './reference-tree.ts';

const MAX_SIZE = 700;
const LEAVES = Array.from({ length: MAX_SIZE }, (_, i) => hashLeaf(Buffer.from(`entry ${String(i)}`)));

const ROOTS = new Map<string, Digest>();

function rootOf(size: number, start = 0): Digest {
  const name = `${String(start)}-${String(size)}`;
  const root = ROOTS.get(name) ?? referenceRoot(LEAVES.slice(start, size));
  ROOTS.set(name, root);
  return root;
}

async function treeOf(size: number): Promise<TileTree> {
  return TileTree.open(tilesOf(LEAVES.slice(0, size)), size, rootOf(size));
}

function flipBit(digest: Digest, bit: number): Digest {
  const bytes = Buffer.from(digest, 'latin1');
  bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return bytes.toString('latin1');
}

/** Every way to spoil a proof: one hash dropped, added, changed in one bit, two swapped. */
function spoiled(proof: readonly Digest[], bit: number): Digest[][] {
  const variants: Digest[][] = [];
  proof.forEach((digest, i) => {
    variants.push(proof.toSpliced(i, 1), proof.toSpliced(i, 0, digest), proof.with(i, flipBit(digest, bit)), proof.with(i, digest.slice(1)));
    if (i > 0) variants.push(proof.with(i, proof[i - 1] ?? '').with(i - 1, digest));
  });
  return [...variants, [...proof, hashLeaf(Buffer.alloc(0))]];
}

const sizes = fc.integer({ min: 1, max: MAX_SIZE });
const bits = fc.integer({ min: 0, max: 255 });
const RUNS = { numRuns: 60 };

describe('inclusion', () => {
  test.each([
    ['index beyond the size', 5n, 5n],
    ['negative index', -1n, 5n],
    ['empty tree', 0n, 0n],
  ])('%s is refused', (_name, index, size) => {
    expect(verifyInclusion(index, size, LEAVES[0] ?? '', [], LEAVES[0] ?? '')).toBe(false);
  });

  test('huge numbers are computed exactly', () => {
    const size = 2n ** 64n - 1n;
    expect(verifyInclusion(size - 1n, size, LEAVES[0] ?? '', [], LEAVES[0] ?? '')).toBe(false);
    // The last of 2^63 + 1 entries has the whole left half as its only sibling.
    const root = hashNode(LEAVES[1] ?? '', LEAVES[0] ?? '');
    expect(verifyInclusion(2n ** 63n, 2n ** 63n + 1n, LEAVES[0] ?? '', [LEAVES[1] ?? ''], root)).toBe(true);
    expect(verifyInclusion(2n ** 63n - 1n, 2n ** 63n + 1n, LEAVES[0] ?? '', [LEAVES[1] ?? ''], root)).toBe(false);
  });

  test('a proof of the wrong length in bytes is refused', () => {
    expect(verifyInclusion(0n, 2n, LEAVES[0] ?? '', [`${LEAVES[1] ?? ''}x`], rootOf(2))).toBe(false);
    expect(verifyInclusion(0n, 1n, '', [], '')).toBe(false);
  });

  test('every made proof verifies, every spoiled one fails', async () => {
    await fc.assert(
      fc.asyncProperty(sizes, fc.nat(), bits, async (size, seed, bit) => {
        const index = seed % size;
        const proof = await makeInclusionProof(await treeOf(size), index, size);
        const check = (hashes: readonly Digest[], leaf = LEAVES[index] ?? '', root = rootOf(size), at = BigInt(index)): boolean =>
          verifyInclusion(at, BigInt(size), leaf, hashes, root);
        expect(check(proof)).toBe(true);
        for (const variant of spoiled(proof, bit)) if (variant.join() !== proof.join()) expect(check(variant)).toBe(false);
        expect(check(proof, flipBit(LEAVES[index] ?? '', bit))).toBe(false);
        expect(check(proof, LEAVES[index], flipBit(rootOf(size), bit))).toBe(false);
        if (size > 1) expect(check(proof, LEAVES[index], rootOf(size), BigInt((index + 1) % size))).toBe(false);
      }),
      RUNS,
    );
  });

  test('a larger tree proves what a smaller one holds', async () => {
    const tree = await treeOf(MAX_SIZE);
    for (const size of [1, 2, 255, 256, 257, 511, 512, 513]) {
      const proof = await makeInclusionProof(tree, size - 1, size);
      expect(verifyInclusion(BigInt(size - 1), BigInt(size), LEAVES[size - 1] ?? '', proof, rootOf(size))).toBe(true);
    }
    await expect(makeInclusionProof(tree, MAX_SIZE, MAX_SIZE)).rejects.toThrow(RangeError);
    await expect(makeInclusionProof(tree, 0, MAX_SIZE + 1)).rejects.toThrow(RangeError);
  });
});

describe('consistency', () => {
  test('an old size of zero proves nothing here', () => {
    expect(verifyConsistency(0n, 5n, rootOf(0), rootOf(5), [])).toBe(false);
    expect(verifyConsistency(0n, 0n, rootOf(0), rootOf(0), [])).toBe(false);
  });

  test('every made proof verifies, every spoiled one fails', async () => {
    await fc.assert(
      fc.asyncProperty(sizes, fc.nat(), bits, async (newSize, seed, bit) => {
        const oldSize = 1 + (seed % newSize);
        const proof = await makeConsistencyProof(await treeOf(newSize), oldSize, newSize);
        const check = (hashes: readonly Digest[], oldRoot = rootOf(oldSize), newRoot = rootOf(newSize)): boolean =>
          verifyConsistency(BigInt(oldSize), BigInt(newSize), oldRoot, newRoot, hashes);
        expect(check(proof)).toBe(true);
        for (const variant of spoiled(proof, bit)) if (variant.join() !== proof.join()) expect(check(variant)).toBe(false);
        expect(check(proof, flipBit(rootOf(oldSize), bit))).toBe(false);
        expect(check(proof, rootOf(oldSize), flipBit(rootOf(newSize), bit))).toBe(false);
      }),
      RUNS,
    );
  });

  test('sizes outside the tree are refused', async () => {
    const tree = await treeOf(10);
    await expect(makeConsistencyProof(tree, 5, 11)).rejects.toThrow(RangeError);
    await expect(makeConsistencyProof(tree, 6, 5)).rejects.toThrow(RangeError);
    expect(await makeConsistencyProof(tree, 0, 10)).toEqual([]);
    expect(await makeConsistencyProof(tree, 10, 10)).toEqual([]);
  });
});

describe('subtrees', () => {
  test.each([
    [0n, 1n, true],
    [0n, 700n, true],
    [4n, 7n, true],
    [4n, 8n, true],
    [2n, 5n, false],
    [1n, 3n, false],
    [3n, 3n, false],
    [-4n, -2n, false],
  ])('[%d, %d) is valid: %s', (start, end, valid) => {
    expect(isSubtree(start, end)).toBe(valid);
  });

  test('every made proof verifies, every spoiled one fails', async () => {
    await fc.assert(
      fc.asyncProperty(sizes, fc.nat(), fc.integer({ min: 0, max: 9 }), bits, async (size, seed, height, bit) => {
        const width = 2 ** height;
        const start = Math.floor((seed % size) / width) * width;
        const end = Math.min(size, start + 1 + (seed % width));
        const proof = await makeSubtreeConsistencyProof(await treeOf(size), start, end, size);
        const check = (hashes: readonly Digest[], subRoot = rootOf(end, start)): boolean =>
          verifySubtreeConsistency(BigInt(start), BigInt(end), BigInt(size), hashes, subRoot, rootOf(size));
        expect(isSubtree(BigInt(start), BigInt(end))).toBe(true);
        expect(check(proof)).toBe(true);
        for (const variant of spoiled(proof, bit)) if (variant.join() !== proof.join()) expect(check(variant)).toBe(false);
        expect(check(proof, flipBit(rootOf(end, start), bit))).toBe(false);
      }),
      RUNS,
    );
  });

  test('inclusion in a subtree counts from its start', async () => {
    const subtree = LEAVES.slice(4, 7);
    const tree = await TileTree.open(tilesOf(subtree), 3, referenceRoot(subtree));
    const proof = await makeInclusionProof(tree, 2, 3);
    expect(verifySubtreeInclusion(6n, 4n, 7n, LEAVES[6] ?? '', proof, referenceRoot(subtree))).toBe(true);
    expect(verifySubtreeInclusion(7n, 4n, 7n, LEAVES[6] ?? '', proof, referenceRoot(subtree))).toBe(false);
    expect(verifySubtreeInclusion(6n, 5n, 8n, LEAVES[6] ?? '', proof, referenceRoot(subtree))).toBe(false);
  });

  test('the empty subtree is proved by nothing and has the empty root', () => {
    expect(verifySubtreeConsistency(3n, 3n, 8n, [], new Frontier().root(), rootOf(8))).toBe(true);
    expect(verifySubtreeConsistency(3n, 3n, 8n, [rootOf(1)], new Frontier().root(), rootOf(8))).toBe(false);
    expect(verifySubtreeConsistency(3n, 3n, 8n, [], rootOf(1), rootOf(8))).toBe(false);
  });
});
