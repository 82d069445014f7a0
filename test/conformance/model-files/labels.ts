import { join } from 'node:path';
import { VERDICTS } from '../../../src/artifacts/findings/verdict.ts';
import { readTsv } from '../tsv.ts';

/** One row of `labels.tsv`. */
export interface LabelledModel {
  /** File or folder, relative to the folder of the cases. */
  readonly path: string;
  readonly verdict: string;
  /** Other verdicts that count as right. */
  readonly alsoOk: readonly string[];
  readonly format: string;
  readonly technique: string;
}

/** Every row, in the order of the table. A verdict that nobody gives is a mistake in the table, and said. */
export function readLabels(directory: string): LabelledModel[] {
  return readTsv(join(directory, 'labels.tsv')).map((cell) => {
    const verdict = cell('verdict');
    if (!(VERDICTS as readonly string[]).includes(verdict)) throw new Error(`labels.tsv: ${cell('path')} has the verdict "${verdict}"`);
    return {
      path: cell('path'),
      verdict,
      alsoOk: cell('also_ok')
        .split(/[,\s]+/)
        .filter((word) => word !== ''),
      format: cell('format'),
      technique: cell('technique') || 'no technique',
    };
  });
}
