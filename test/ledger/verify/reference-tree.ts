import { createHash } from 'node:crypto';
import type { Digest } from '../../../src/ledger/verify/digest.ts';
import type { TileSource } from '../../../src/ledger/verify/tile-source.ts';
import { MemoryTiles } from '../support.ts';

/** MTH of RFC 6962, 2.1, written down as it stands there: slow, and independent of the code under test. */
export function referenceRoot(leaves: readonly Digest[]): Digest {
  if (leaves.length === 0) return createHash('sha256').digest('binary');
  if (leaves.length === 1) return leaves[0] ?? '';
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return createHash('sha256')
    .update(Buffer.of(1))
    .update(referenceRoot(leaves.slice(0, k)), 'binary')
    .update(referenceRoot(leaves.slice(k)), 'binary')
    .digest('binary');
}

/** The hash tiles of a small tree (levels 0 and 1), after the definition in C2SP tlog-tiles. */
export function tilesOf(leaves: readonly Digest[]): TileSource {
  const tiles = new MemoryTiles();
  let level = 0;
  for (let row = leaves; row.length > 0; row = rootsOfFullTiles(row)) {
    for (let n = 0; n * 256 < row.length; n += 1) {
      const hashes = row.slice(n * 256, (n + 1) * 256);
      const suffix = hashes.length === 256 ? '' : `.p/${String(hashes.length)}`;
      tiles.files.set(`tile/${String(level)}/${String(n).padStart(3, '0')}${suffix}`, Buffer.from(hashes.join(''), 'latin1'));
    }
    level += 1;
  }
  return tiles;
}

function rootsOfFullTiles(row: readonly Digest[]): Digest[] {
  return Array.from({ length: Math.floor(row.length / 256) }, (_, n) => referenceRoot(row.slice(n * 256, (n + 1) * 256)));
}
