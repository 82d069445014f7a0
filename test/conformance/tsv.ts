import { readFileSync } from 'node:fs';

/** A row of a table: the text of a cell by the name of its column, empty where there is none. */
export type Cell = (column: string) => string;

/** Rows of a table with tabs between its cells and names in its first line. Where a column stands twice, the first one counts. */
export function readTsv(file: string): Cell[] {
  const [head = '', ...lines] = readFileSync(file, 'utf8')
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/);
  const columns = head.split('\t').map((name) => name.trim());
  return lines
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const cells = line.split('\t');
      return (column) => (cells[columns.indexOf(column)] ?? '').trim();
    });
}
