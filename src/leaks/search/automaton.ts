/**
 * Aho-Corasick automaton (Aho and Corasick, 1975) as one table: every state has a row with the next state for every symbol, so that
 * a search does one look-up for each character. Meant for hundreds of patterns; its size is known before it is built.
 */
export interface Automaton {
  /** ASCII code to column, or `columns` for what is no symbol. */
  readonly columnOf: Uint8Array;
  readonly columns: number;
  readonly next: Uint16Array;
  /** Patterns that end in state s: `patterns[firstOf[s]]` to `patterns[firstOf[s + 1] - 1]`. */
  readonly firstOf: Uint32Array;
  readonly patterns: Uint32Array;
  readonly states: number;
}

const MAX_STATES = 65_536;

/**
 * @param patterns Each is found under its index; several may be equal (one path, all of them found).
 * @param alphabet The ASCII symbols of patterns and text; a search starts over at any other.
 * @throws RangeError for an empty pattern, a symbol outside of the alphabet, or more than 65,536 states.
 */
export function buildAutomaton(patterns: readonly string[], alphabet: string): Automaton {
  const columns = alphabet.length;
  const columnOf = new Uint8Array(128).fill(columns);
  for (let i = 0; i < columns; i += 1) columnOf[alphabet.charCodeAt(i)] = i;
  const bound = Math.min(MAX_STATES, 1 + patterns.reduce((sum, { length }) => sum + length, 0));
  const trie = new Uint16Array(bound * columns);
  const ends: number[][] = [[]];
  for (const [index, pattern] of patterns.entries()) {
    if (pattern === '') throw new RangeError('an empty pattern is everywhere');
    let state = 0;
    for (let i = 0; i < pattern.length; i += 1) {
      const column = columnOf[pattern.charCodeAt(i) & 127] ?? columns;
      if (column === columns) throw new RangeError(`pattern ${String(index)} has a symbol outside of the alphabet`);
      const cell = state * columns + column;
      if (trie[cell] === 0) trie[cell] = newState(ends);
      state = trie[cell] ?? 0;
    }
    ends[state]?.push(index);
  }
  return { columnOf, columns, ...linked(trie, columns, ends), states: ends.length };
}

function newState(ends: number[][]): number {
  if (ends.length >= MAX_STATES) throw new RangeError('the patterns need too many states');
  ends.push([]);
  return ends.length - 1;
}

/** Breadth first: a missing step is that of the longest proper suffix, which is complete by then. */
function linked(trie: Uint16Array, columns: number, ends: number[][]): Pick<Automaton, 'next' | 'firstOf' | 'patterns'> {
  const next = trie.slice(0, ends.length * columns);
  const suffix = new Uint16Array(ends.length);
  const queue = new Uint16Array(ends.length);
  let tail = 0;
  for (let column = 0; column < columns; column += 1) {
    const state = next[column] ?? 0;
    if (state !== 0) queue[tail++] = state;
  }
  for (let head = 0; head < tail; head += 1) {
    const state = queue[head] ?? 0;
    const shorter = suffix[state] ?? 0;
    ends[state]?.push(...(ends[shorter] ?? []));
    for (let column = 0; column < columns; column += 1) {
      const cell = state * columns + column;
      const child = next[cell] ?? 0;
      const other = next[shorter * columns + column] ?? 0;
      if (child === 0) next[cell] = other;
      else {
        suffix[child] = other;
        queue[tail++] = child;
      }
    }
  }
  const firstOf = new Uint32Array(ends.length + 1);
  for (const [state, list] of ends.entries()) firstOf[state + 1] = (firstOf[state] ?? 0) + list.length;
  return { next, firstOf, patterns: Uint32Array.from(ends.flat()) };
}

/** Calls `found` with the index of a pattern and of its last character, for every occurrence in the first `length` codes. */
export function search(automaton: Automaton, codes: Uint8Array, length: number, found: (pattern: number, last: number) => void): void {
  const { columnOf, columns, next, firstOf, patterns } = automaton;
  let state = 0;
  for (let i = 0; i < length; i += 1) {
    const column = columnOf[codes[i] ?? 0] ?? columns;
    state = column === columns ? 0 : (next[state * columns + column] ?? 0);
    const from = firstOf[state] ?? 0;
    const to = firstOf[state + 1] ?? 0;
    for (let k = from; k < to; k += 1) found(patterns[k] ?? 0, i);
  }
}
