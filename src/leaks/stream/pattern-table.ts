import { buildTrie, countStates, sharedLength, type Trie, type TriePath } from './pattern-trie.ts';

/** A text that may not leave, known under an id: a canary, a token that was laid out as bait. Found in any case of ASCII letters. */
export interface Pattern {
  readonly id: string;
  readonly text: string;
}

/**
 * Patterns and anchors in one automaton. Up to 4,000 patterns stand in it whole; of more only their first bytes do, and the rest is
 * compared byte by byte with a range of the sorted patterns, so that 100,000 cost a third of the memory of 10,000 whole ones.
 */
export interface PatternTable {
  readonly trie: Trie;
  readonly patterns: readonly Pattern[];
  /** Folded bytes of all patterns in sorted order, and where each begins; the last entry is the end. */
  readonly bytes: Uint8Array;
  readonly startOf: Uint32Array;
  /** Sorted position to index in `patterns`. */
  readonly order: Uint32Array;
  /** By path: the sorted patterns that begin with it, `lowOf` to `highOf` - 1; both 0 for an anchor alone. */
  readonly lowOf: Uint32Array;
  readonly highOf: Uint32Array;
  readonly pathLength: Uint8Array;
  /** By path: the anchor that it is, or -1. */
  readonly anchorOf: Int32Array;
  /** What stands on any pattern's way is held at the latest from this depth on. */
  readonly holdFrom: number;
}

const MIN_LENGTH = 8;
const DEEPEST_HOLD = 8;
const MAX_LENGTH = 250;
const MAX_WHOLE = 4_000;
const MAX_TRIE_BYTES = 20_000_000;
/** Patterns that share a cut path, on average: so few that finding the right one costs nothing. */
const PATTERNS_PER_PATH = 4;
const CELLS_PER_STATE = 48;

/** Depth from which a partial match of a pattern is held: 8, or a third of a short one (gateway reference, section 4.3). */
export function holdDepth(length: number): number {
  return length < 24 ? Math.ceil(length / 3) : DEEPEST_HOLD;
}

/** Bytes as characters 0 to 255 with ASCII letters small. */
function foldedBytes(text: string): string {
  return Buffer.from(text, 'utf8')
    .toString('latin1')
    .replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** Length at which patterns are cut: the least one that tells them apart well enough, within the memory that the automaton may take. */
function cutOf(sorted: readonly string[]): number {
  if (sorted.length <= MAX_WHOLE) return MAX_LENGTH;
  const shared = new Uint32Array(MAX_LENGTH + 1);
  for (let i = 1; i < sorted.length; i += 1) {
    const length = sharedLength(sorted[i - 1] ?? '', sorted[i] ?? '');
    shared[length] = (shared[length] ?? 0) + 1;
  }
  let [cut, paths] = [1, 1 + (shared[0] ?? 0)];
  while (cut < MAX_LENGTH && paths * PATTERNS_PER_PATH < sorted.length) {
    paths += shared[cut] ?? 0;
    cut += 1;
  }
  while (cut > 1 && countStates(sorted, cut) * CELLS_PER_STATE * 4 > MAX_TRIE_BYTES) cut -= 1;
  return cut;
}

/**
 * @param anchors Texts that are told of when they end, of at least two bytes, each once whatever the case of its letters.
 * @throws RangeError for a pattern of less than 8 or more than 250 bytes: shorter ones are found everywhere.
 */
export function compilePatterns(patterns: readonly Pattern[], anchors: readonly string[]): PatternTable {
  const folded = patterns.map(({ text }) => foldedBytes(text));
  for (const [i, { length }] of folded.entries())
    if (length < MIN_LENGTH || length > MAX_LENGTH) throw new RangeError(`pattern ${String(i)} has ${String(length)} bytes, not 8 to 250`);
  const order = Uint32Array.from(folded.keys()).sort((a, b) => compare(folded[a] ?? '', folded[b] ?? ''));
  const sorted = Array.from(order, (index) => folded[index] ?? '');
  const ranges = rangesOf(sorted, cutOf(sorted));
  const anchorPaths = new Map(anchors.map((anchor, i) => [foldedBytes(anchor), i]));
  const bytesOfPaths = [...new Set([...ranges.keys(), ...anchorPaths.keys()])];
  const paths = bytesOfPaths.map((bytes): TriePath => ({ bytes, holdFrom: ranges.get(bytes)?.holdFrom ?? 0 }));
  return {
    trie: buildTrie(paths),
    patterns,
    ...flat(sorted),
    order,
    lowOf: Uint32Array.from(bytesOfPaths, (bytes) => ranges.get(bytes)?.low ?? 0),
    highOf: Uint32Array.from(bytesOfPaths, (bytes) => ranges.get(bytes)?.high ?? 0),
    pathLength: Uint8Array.from(bytesOfPaths, ({ length }) => length),
    anchorOf: Int32Array.from(bytesOfPaths, (bytes) => anchorPaths.get(bytes) ?? -1),
    holdFrom: sorted.reduce((least, { length }) => Math.min(least, holdDepth(length)), DEEPEST_HOLD),
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

interface Range {
  readonly low: number;
  high: number;
  holdFrom: number;
}

function rangesOf(sorted: readonly string[], cut: number): ReadonlyMap<string, Range> {
  const ranges = new Map<string, Range>();
  for (const [at, pattern] of sorted.entries()) {
    const path = pattern.slice(0, cut);
    const range = ranges.get(path) ?? { low: at, high: at, holdFrom: DEEPEST_HOLD };
    range.high = at + 1;
    range.holdFrom = Math.min(range.holdFrom, holdDepth(pattern.length));
    ranges.set(path, range);
  }
  return ranges;
}

function flat(sorted: readonly string[]): Pick<PatternTable, 'bytes' | 'startOf'> {
  const startOf = new Uint32Array(sorted.length + 1);
  for (const [at, { length }] of sorted.entries()) startOf[at + 1] = (startOf[at] ?? 0) + length;
  const bytes = new Uint8Array(startOf[sorted.length] ?? 0);
  for (const [at, pattern] of sorted.entries()) for (let i = 0; i < pattern.length; i += 1) bytes[(startOf[at] ?? 0) + i] = pattern.charCodeAt(i);
  return { bytes, startOf };
}
