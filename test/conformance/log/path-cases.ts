import { statSync } from 'node:fs';
import { join } from 'node:path';
import { parseTilePath, tilePath, tileWidth } from '../../../src/ledger/verify/tile-path.ts';
import type { TileName } from '../../../src/ledger/verify/tile-path.ts';
import type { ConformanceCase } from '../suite.ts';
import { filesBelow } from './files.ts';

/** A static-ct log names its bundles `data` and `names`; the rest of such a path is that of a tlog-tiles bundle. */
function asTlogPath(path: string): string {
  return path.replace(/^tile\/(data|names)\//, 'tile/entries/');
}

/** Paths of a real log with full and partial tiles: each is read, written again, and agrees with the size of the tree. */
export function pathCases(directory: string): ConformanceCase[] {
  const folder = join(directory, 'sunlight-navigli');
  const paths = filesBelow(folder).filter((path) => path.startsWith('tile/'));
  const leaves = paths.map((path) => parseTilePath(path)).filter((name): name is TileName => name?.kind === 0);
  const size = Math.max(0, ...leaves.map((name) => name.index * 256 + name.width));
  return paths.map((path) => ({
    name: `sunlight-navigli/${path}`,
    expected: `${asTlogPath(path)} fits`,
    given: () => {
      const name = parseTilePath(asTlogPath(path));
      if (name === undefined) return 'not a tile path';
      // A partial tile may outlive the full one that replaced it.
      const fits =
        name.width <= tileWidth(name.kind === 'entries' ? 0 : name.kind, name.index, size) &&
        (name.kind === 'entries' || statSync(join(folder, path)).size === name.width * 32);
      return `${tilePath(name.kind, name.index, name.width)} ${fits ? 'fits' : 'does not fit'}`;
    },
  }));
}
