import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { sha256OfJson } from '../../core/canonical-json.ts';
import { asRecord } from '../../core/json.ts';
import { AppendedLines } from './appended-lines.ts';
import type { LinePlace } from './appended-lines.ts';

/**
 * Whose scores they are: the model file's digest where it is known, else all that the server tells about itself. A server
 * whose version is unknown may change without a sign, so pass a digest or a new `epoch` then.
 */
export interface ScoredModel {
  readonly digest?: string;
  readonly upstream?: string;
  readonly model?: string;
  readonly version?: string | null;
  readonly epoch?: string;
}

/** Scores of texts by one model and one method, each made once. */
export interface ScoreCache<T> {
  /** The stored value, else the result of `score`, which is stored. Two who ask for one text at once share one scoring. */
  once(text: string, score: () => Promise<T>): Promise<T>;
  get(text: string): T | undefined;
  /** Texts with a score. */
  readonly size: number;
  close(): void;
}

/** Lower-case hex SHA-256 of the UTF-8 bytes: the texts themselves are not kept. */
function textDigest(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

class FileScoreCache<T> implements ScoreCache<T> {
  readonly #file: AppendedLines;
  readonly #places = new Map<string, LinePlace>();
  readonly #running = new Map<string, Promise<T>>();

  constructor(path: string) {
    this.#file = new AppendedLines(path);
    for (const [line, place] of this.#file.lines()) {
      const text = asRecord(parseLine(line))?.['text'];
      if (typeof text === 'string') this.#places.set(text, place);
    }
  }

  get size(): number {
    return this.#places.size;
  }

  get(text: string): T | undefined {
    const digest = textDigest(text);
    const place = this.#places.get(digest);
    const record = place === undefined ? undefined : asRecord(parseLine(this.#file.read(place)));
    // Another process that wrote at the same moment may have moved the line: then it is as if there were none.
    return record?.['text'] === digest ? (record['value'] as T | undefined) : undefined;
  }

  once(text: string, score: () => Promise<T>): Promise<T> {
    const digest = textDigest(text);
    const stored = this.get(text);
    if (stored !== undefined) return Promise.resolve(stored);
    const running = this.#running.get(digest);
    if (running !== undefined) return running;
    const scoring = this.#score(digest, score).finally(() => this.#running.delete(digest));
    this.#running.set(digest, scoring);
    return scoring;
  }

  close(): void {
    this.#file.close();
  }

  async #score(digest: string, score: () => Promise<T>): Promise<T> {
    const value = await score();
    this.#places.set(digest, this.#file.append(JSON.stringify({ text: digest, value })));
    return value;
  }
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/**
 * Opens the scores of one model and method under a folder, which is made: one file of JSON lines, named by the digest of both.
 * What a killed process left is read; a torn line is not. Values are JSON, so numbers come back exactly; undefined is no value.
 */
export function openScoreCache<T>(folder: string, model: ScoredModel, method: string): ScoreCache<T> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return new FileScoreCache<T>(join(folder, `scores-${sha256OfJson({ model, method }).slice(0, 32)}.jsonl`));
}
