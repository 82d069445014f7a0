/** A path to enter: `bytes` are folded; what is reached at its end is told by the caller's index of the path. */
export interface TriePath {
  /** Bytes as a string of characters 0 to 255, ASCII letters small. */
  readonly bytes: string;
  /** From this depth on text that stands on the path is held back; 0: never. */
  readonly holdFrom: number;
}

/**
 * Aho-Corasick automaton (Aho and Corasick, 1975) over bytes, ASCII letters folded, as one dense table: a step is one look-up. A state is
 * the offset of its row; where one or more paths end in a state, or in a suffix of it, the table holds its complement.
 */
export interface Trie {
  /** Byte to column; 0 for a byte in no path. */
  readonly columnOf: Uint8Array;
  readonly columns: number;
  readonly next: Int32Array;
  readonly states: number;
  /** By state number (row / columns): the longest path that ends there, or -1. */
  readonly endOf: Int32Array;
  /** By path: the next shorter path that ends where it ends, or -1. */
  readonly shorterEnd: Int32Array;
  /** By state number: length of the longest path so far that is to be held, or 0, and a path that it belongs to. */
  readonly heldLength: Uint8Array;
  readonly heldPath: Int32Array;
}

/** Nodes of a trie of sorted paths: each adds what it does not share with the one before. */
export function countStates(sorted: readonly string[], cut = Infinity): number {
  let states = 1;
  for (const [i, path] of sorted.entries()) states += Math.max(0, Math.min(path.length, cut) - sharedLength(path, sorted[i - 1] ?? ''));
  return states;
}

export function sharedLength(a: string, b: string): number {
  const most = Math.min(a.length, b.length);
  let shared = 0;
  while (shared < most && a.charCodeAt(shared) === b.charCodeAt(shared)) shared += 1;
  return shared;
}

function columnsOf(paths: readonly TriePath[]): { readonly columnOf: Uint8Array; readonly columns: number } {
  const columnOf = new Uint8Array(256);
  let columns = 1;
  for (const { bytes } of paths) {
    for (let i = 0; i < bytes.length; i += 1) {
      const byte = bytes.charCodeAt(i);
      if (columnOf[byte] === 0) columnOf[byte] = columns++;
    }
  }
  for (let letter = 0x41; letter <= 0x5a; letter += 1) columnOf[letter] = columnOf[letter + 32] ?? 0;
  return { columnOf, columns };
}

/** @param paths All different, none empty, at most 255 bytes. */
export function buildTrie(paths: readonly TriePath[]): Trie {
  const { columnOf, columns } = columnsOf(paths);
  const states = countStates(paths.map(({ bytes }) => bytes).toSorted());
  const next = new Int32Array(states * columns);
  const length = new Uint8Array(states);
  const holdFrom = new Uint8Array(states).fill(255);
  const heldPath = new Int32Array(states).fill(-1);
  const endOf = new Int32Array(states).fill(-1);
  let used = 1;
  for (const [index, path] of paths.entries()) {
    let state = 0;
    for (let i = 0; i < path.bytes.length; i += 1) {
      const cell = state * columns + (columnOf[path.bytes.charCodeAt(i)] ?? 0);
      if (next[cell] === 0) {
        next[cell] = used;
        length[used++] = i + 1;
      }
      state = next[cell] ?? 0;
      if (path.holdFrom === 0 || path.holdFrom >= (holdFrom[state] ?? 0)) continue;
      holdFrom[state] = path.holdFrom;
      heldPath[state] = index;
    }
    endOf[state] = index;
  }
  const trie = { columnOf, columns, next, states, endOf, shorterEnd: new Int32Array(paths.length).fill(-1) };
  link(trie, length, holdFrom, heldPath);
  return { ...trie, heldLength: length, heldPath };
}

/**
 * Breadth first: a missing step is that of the longest proper suffix, which is complete by then. `endOf` and
 * `heldPath` come in with what is the state's own; `length` comes in as depth and goes out as the length that is to be held.
 */
function link(trie: Omit<Trie, 'heldLength' | 'heldPath'>, length: Uint8Array, holdFrom: Uint8Array, heldPath: Int32Array): void {
  const { columns, next, states, endOf, shorterEnd } = trie;
  const suffix = new Int32Array(states);
  const queue = new Int32Array(states);
  let tail = 1;
  for (let head = 0; head < tail; head += 1) {
    const state = queue[head] ?? 0;
    const shorter = suffix[state] ?? 0;
    for (let column = 0; column < columns; column += 1) {
      const cell = state * columns + column;
      const child = next[cell] ?? 0;
      const other = state === 0 ? 0 : (next[shorter * columns + column] ?? 0);
      if (child === 0) next[cell] = other;
      else {
        suffix[child] = other;
        queue[tail++] = child;
      }
    }
    if (state === 0) continue;
    const path = endOf[state] ?? -1;
    if (path >= 0) shorterEnd[path] = endOf[shorter] ?? -1;
    else endOf[state] = endOf[shorter] ?? -1;
    if ((length[state] ?? 0) >= (holdFrom[state] ?? 0)) continue;
    length[state] = length[shorter] ?? 0;
    heldPath[state] = heldPath[shorter] ?? -1;
  }
  length[0] = 0;
  heldPath[0] = -1;
  for (let cell = 0; cell < next.length; cell += 1) {
    const child = next[cell] ?? 0;
    next[cell] = (endOf[child] ?? -1) >= 0 ? ~(child * columns) : child * columns;
  }
}
