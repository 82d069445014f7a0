import { existsSync, rmSync } from 'node:fs';
import { canonicalJson, sha256OfJson } from '../../core/canonical-json.ts';
import { replaceFile } from '../../core/atomic-file.ts';
import { ElulmcError } from '../../core/errors.ts';
import { asRecord } from '../../core/json.ts';
import { AppendedLines } from '../cache/appended-lines.ts';

const RAW_RESULTS_FORMAT = 'elulmc-raw-results/1';

/** First line of a file of raw results: all that the results depend on. JSON values. */
export interface RawHeader {
  readonly seed: number;
  /** Client settings, method, sizes: whatever would give other results. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Who answered (src/evaluation/client/server-identity.ts). */
  readonly server: Readonly<Record<string, unknown>>;
}

/** One line of a file of raw results. */
export interface RawResult<R> {
  readonly id: string;
  readonly result: R;
}

function headerLine(header: RawHeader, ids: readonly string[]): string {
  return canonicalJson({ format: RAW_RESULTS_FORMAT, ...header, items: ids.length, itemsDigest: sha256OfJson(ids) });
}

function parse(line: string): Record<string, unknown> | undefined {
  try {
    return asRecord(JSON.parse(line));
  } catch {
    return undefined;
  }
}

/** Names of the fields in which two headers differ. */
function differences(line: string, wanted: string): string[] {
  const [found, expected] = [parse(line) ?? {}, parse(wanted) ?? {}];
  const names = new Set([...Object.keys(found), ...Object.keys(expected)]);
  return [...names].filter((name) => canonicalJson(found[name]) !== canonicalJson(expected[name]));
}

/**
 * Results of a run in two files: `<path>.partial` grows in the order in which items end and survives a kill; `path` is written at
 * the end, in the order of the items, so that equal results give equal bytes. A torn line is ignored.
 */
export class RawResults<R> {
  readonly #path: string;
  readonly #header: string;
  readonly #found = new Map<string, R>();
  #partial: AppendedLines | undefined;
  #isTorn = false;

  /** Reads what is there. Throws FIELD_INVALID when that was made with another seed, other settings, another server or other items. */
  constructor(path: string, header: RawHeader, ids: readonly string[]) {
    this.#path = path;
    this.#header = headerLine(header, ids);
    const known = new Set(ids);
    for (const file of [path, this.#partialPath]) if (existsSync(file)) this.#readFile(file, known);
    // Killed while it wrote the header: nothing else is in it.
    if (this.#isTorn) rmSync(this.#partialPath, { force: true });
  }

  /** Results that were found or added, by the id of their item. */
  get results(): ReadonlyMap<string, R> {
    return this.#found;
  }

  /** What is kept is what can be read back, so that a resumed run sees the same values. */
  add(id: string, result: R): void {
    const line = JSON.stringify({ id, result });
    this.#openPartial().append(line);
    this.#found.set(id, (JSON.parse(line) as RawResult<R>).result);
  }

  /** Writes the file in the given order, removes the partial one, and gives the results. Throws INTERNAL when one is missing. */
  finish(ids: readonly string[]): readonly RawResult<R>[] {
    const ordered = ids.map((id): RawResult<R> => {
      if (!this.#found.has(id)) throw new ElulmcError('INTERNAL', `item ${id} has no result`);
      return { id, result: this.#found.get(id) as R };
    });
    replaceFile(this.#path, [this.#header, ...ordered.map((line) => JSON.stringify(line)), ''].join('\n'));
    this.close();
    rmSync(this.#partialPath, { force: true });
    return ordered;
  }

  close(): void {
    this.#partial?.close();
    this.#partial = undefined;
  }

  get #partialPath(): string {
    return `${this.#path}.partial`;
  }

  #openPartial(): AppendedLines {
    if (this.#partial !== undefined) return this.#partial;
    this.#partial = new AppendedLines(this.#partialPath);
    if (this.#partial.isEmpty) this.#partial.append(this.#header);
    return this.#partial;
  }

  #readFile(file: string, known: ReadonlySet<string>): void {
    const lines = new AppendedLines(file);
    try {
      let isFirst = true;
      for (const [line] of lines.lines()) {
        if (isFirst) this.#requireHeader(file, line);
        else this.#take(parse(line), known);
        isFirst = false;
      }
    } finally {
      lines.close();
    }
  }

  #requireHeader(file: string, line: string): void {
    if (line === this.#header) return;
    if (file === this.#partialPath && parse(line) === undefined) {
      this.#isTorn = true;
      return;
    }
    const fields = differences(line, this.#header).join(', ');
    throw new ElulmcError('FIELD_INVALID', `${file} holds results of another run (different: ${fields}); name another file, or remove it`, {
      field: 'results',
    });
  }

  #take(record: Record<string, unknown> | undefined, known: ReadonlySet<string>): void {
    const id = record?.['id'];
    if (typeof id === 'string' && known.has(id) && record !== undefined && 'result' in record) this.#found.set(id, record['result'] as R);
  }
}
