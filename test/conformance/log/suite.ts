import type { Suite } from '../suite.ts';
import { merkleCases } from './merkle-cases.ts';
import { noteCases } from './note-cases.ts';
import { pathCases } from './path-cases.ts';
import { tileLogCases } from './tile-log-cases.ts';

/** Merkle proofs, signed notes, a real tiled log at every size, tile paths. (`rfc3161` in the same folder is not about logs.) */
export const logSuite: Suite = {
  summary: 'transparency log: proofs, notes, checkpoints, tiles',
  defaultData: '../shared/data/tlog',
  cases: (directory) => [...merkleCases(directory), ...noteCases(directory), ...tileLogCases(directory), ...pathCases(directory)],
};
