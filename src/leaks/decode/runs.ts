/** Where text of one alphabet stands in a text. */
export interface Run {
  readonly start: number;
  readonly end: number;
}

/** A table of the ASCII characters of an alphabet. */
export function alphabetTable(alphabet: string): Uint8Array {
  const table = new Uint8Array(128);
  for (let i = 0; i < alphabet.length; i += 1) table[alphabet.charCodeAt(i)] = 1;
  return table;
}

/** The longest runs of characters of the alphabet with at least `min` of them; longer than `max` are cut into parts. */
export function runsOf(text: string, table: Uint8Array, min: number, max: number): readonly Run[] {
  const runs: Run[] = [];
  let start = 0;
  for (let i = 0; i <= text.length; i += 1) {
    const code = i < text.length ? text.charCodeAt(i) : 0;
    const inside = code < 128 && (table[code] ?? 0) === 1;
    if (inside && i - start < max) continue;
    if (i - start >= min) runs.push({ start, end: i });
    start = inside ? i : i + 1;
  }
  return runs;
}
