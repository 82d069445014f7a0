import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseCheckpoint } from '../../../src/ledger/verify/checkpoint.ts';
import { hashLeaf } from '../../../src/ledger/verify/digest.ts';
import { bundleEntries } from '../../../src/ledger/verify/entry-bundle.ts';
import { makeConsistencyProof, makeInclusionProof } from '../../../src/ledger/verify/make-proof.ts';
import { verifyConsistency, verifyInclusion } from '../../../src/ledger/verify/proof.ts';
import { directorySource } from '../../../src/ledger/verify/tile-source.ts';
import type { TileSource } from '../../../src/ledger/verify/tile-source.ts';
import { TileTree } from '../../../src/ledger/verify/tile-tree.ts';
import { readBundle, readCheckpoint, verifyLog } from '../../../src/ledger/verify/verify-log.ts';
import type { ConformanceCase } from '../suite.ts';

/** A stored log as it was when one of its kept checkpoints (`checkpoint.<size>`) was the newest. */
function sourceAt(log: string, checkpoint: string): TileSource {
  const files = directorySource(log);
  return { read: (path) => files.read(path === 'checkpoint' ? checkpoint : path) };
}

/** A real log with its checkpoints of every size: `tessera-testlog/vkey.txt`, `tessera-testlog/log/checkpoint.N`, tiles. */
export function tileLogCases(directory: string): ConformanceCase[] {
  const folder = join(directory, 'tessera-testlog');
  const log = join(folder, 'log');
  if (!existsSync(log)) return [];
  const vkey = readFileSync(join(folder, 'vkey.txt'), 'utf8').trim();
  const names = readdirSync(log).filter((name) => /^checkpoint(\.[0-9]+)?$/.test(name));
  const bySize = names.filter((name) => name !== 'checkpoint').sort((a, b) => sizeOf(a) - sizeOf(b));
  return [
    ...names.map((name) => wholeLogCase(log, name, vkey)),
    ...bySize.map((name) => inclusionCase(log, name, vkey)),
    ...bySize.flatMap((older, i) => bySize.slice(i).map((newer) => consistencyCase(log, older, newer, vkey))),
  ];
}

function sizeOf(name: string): number {
  return Number(name.slice('checkpoint.'.length));
}

function wholeLogCase(log: string, name: string, vkey: string): ConformanceCase {
  const { size } = parseCheckpoint(`${readFileSync(join(log, name), 'utf8').split('\n').slice(0, 3).join('\n')}\n`);
  return {
    name: `tessera-testlog/${name} whole log`,
    expected: `verified ${String(size)}`,
    given: async () => {
      const result = await verifyLog({ source: sourceAt(log, name), vkey });
      return result.verified ? `verified ${String(result.size)}` : `${result.place}: ${result.reason}`;
    },
  };
}

function inclusionCase(log: string, name: string, vkey: string): ConformanceCase {
  return {
    name: `tessera-testlog/${name} inclusion of every entry`,
    expected: 'accepted',
    given: async () => {
      const source = sourceAt(log, name);
      const { size, root } = await readCheckpoint(source, vkey);
      const tree = await TileTree.open(source, Number(size), root);
      for (let index = 0; index < tree.size; index += 1) {
        const { bytes } = await readBundle(source, Math.floor(index / 256), tree.size);
        const entry = bundleEntries(bytes)?.[index % 256];
        const proof = await makeInclusionProof(tree, index, tree.size);
        if (entry === undefined || !verifyInclusion(BigInt(index), size, hashLeaf(entry), proof, root)) return `refused at ${String(index)}`;
      }
      return 'accepted';
    },
  };
}

function consistencyCase(log: string, older: string, newer: string, vkey: string): ConformanceCase {
  return {
    name: `tessera-testlog/${older} is a prefix of ${newer}`,
    expected: 'accepted',
    given: async () => {
      const source = sourceAt(log, newer);
      const old = await readCheckpoint(sourceAt(log, older), vkey);
      const { size, root } = await readCheckpoint(source, vkey);
      const proof = await makeConsistencyProof(await TileTree.open(source, Number(size), root), Number(old.size), Number(size));
      const isPrefix = old.size === 0n ? proof.length === 0 : verifyConsistency(old.size, size, old.root, root, proof);
      return isPrefix ? 'accepted' : 'refused';
    },
  };
}
