import { join } from 'node:path';
import { readTsv } from '../tsv.ts';

/** One row of `labels.tsv`. Paths are relative to the folder of the cases. */
export interface Label {
  readonly name: string;
  readonly method: string;
  readonly expected: string;
  readonly model: string;
  readonly signature: string;
  /** Path of a PEM file, or `identity=... issuer=...`. */
  readonly trust: string;
  readonly ignore: string;
  readonly options: readonly string[];
  /** Commands that change a copy of the model before it is verified. */
  readonly setup: readonly string[];
}

function words(text: string, separator: RegExp): readonly string[] {
  return text
    .split(separator)
    .map((word) => word.trim())
    .filter((word) => word !== '');
}

/** Every row. */
export function readLabels(directory: string): readonly Label[] {
  return readTsv(join(directory, 'labels.tsv')).map((cell) => ({
    name: cell('case'),
    method: cell('method'),
    expected: cell('expected'),
    model: cell('model'),
    signature: cell('signature'),
    trust: cell('trust'),
    ignore: cell('ignore'),
    options: words(cell('options'), /[\s,;]+/),
    setup: words(cell('setup'), /;|&&/),
  }));
}
