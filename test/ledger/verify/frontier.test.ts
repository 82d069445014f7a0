import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EMPTY_ROOT, hashLeaf, hashLeafIn, hashNode } from '../../../src/ledger/verify/digest.ts';
import { Frontier } from '../../../src/ledger/verify/frontier.ts';
import { referenceRoot } from './reference-tree.ts';

function hex(digest: string): string {
  return Buffer.from(digest, 'latin1').toString('hex');
}

test('hashes are those of RFC 6962', () => {
  expect(hex(EMPTY_ROOT)).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  expect(hex(hashLeaf(Buffer.alloc(0)))).toBe('6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d');
  expect(hex(hashLeaf(Buffer.from('L123456')))).toBe('395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56');
});

test('a leaf is hashed in place and its buffer left as it was', () => {
  const buffer = Buffer.from('\x00\x07L123456rest');
  expect(hashLeafIn(buffer, 2, 9)).toBe(hashLeaf(Buffer.from('L123456')));
  expect(buffer.toString()).toBe('\x00\x07L123456rest');
});

test.each([
  [2, 'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125'],
  [3, 'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77'],
  [5, '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4'],
  [6, '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef'],
  [7, 'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c'],
  [8, '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328'],
])('the root over the first %d entries of the known eight', (size, root) => {
  const entries = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
  const frontier = new Frontier();
  for (const entry of entries.slice(0, size)) frontier.append(hashLeaf(Buffer.from(entry, 'hex')));
  expect(hex(frontier.root())).toBe(root);
});

test('the root is the Merkle tree hash at every size', () => {
  const leaves = Array.from({ length: 300 }, (_, i) => hashLeaf(Buffer.from(String(i))));
  const frontier = new Frontier();
  expect(frontier.root()).toBe(EMPTY_ROOT);
  leaves.forEach((leaf, i) => {
    frontier.append(leaf);
    expect(frontier.size).toBe(i + 1);
    expect(frontier.root()).toBe(referenceRoot(leaves.slice(0, i + 1)));
  });
});

test('perfect subtrees can be appended instead of their leaves', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 15 }), (subtrees, rest) => {
      const leaves = Array.from({ length: subtrees * 16 + rest }, (_, i) => hashLeaf(Buffer.from(String(i))));
      const frontier = new Frontier();
      for (let i = 0; i < subtrees; i += 1) frontier.append(referenceRoot(leaves.slice(i * 16, i * 16 + 16)), 4);
      for (const leaf of leaves.slice(subtrees * 16)) frontier.append(leaf);
      expect(frontier.root()).toBe(referenceRoot(leaves));
    }),
  );
});

test('sizes beyond 32 bits are counted exactly', () => {
  const frontier = new Frontier();
  const a = hashLeaf(Buffer.from('a'));
  const b = hashLeaf(Buffer.from('b'));
  frontier.append(a, 40);
  frontier.append(b);
  expect(frontier.size).toBe(2 ** 40 + 1);
  expect(frontier.root()).toBe(hashNode(a, b));
});

test('every 256th leaf completes a tile', () => {
  const frontier = new Frontier();
  const seen: [number, number][] = [];
  for (let i = 0; i < 65_536; i += 1) {
    frontier.append(EMPTY_ROOT, 0, (level) => seen.push([level, i]));
  }
  expect(seen.filter(([level]) => level === 1).map(([, i]) => i)).toEqual(Array.from({ length: 256 }, (_, n) => n * 256 + 255));
  expect(seen.filter(([level]) => level === 2)).toEqual([[2, 65_535]]);
});
