const DIMENSIONS = 1 << 14;
/** Characters and words of a text that are looked at. */
const LONGEST_TEXT = 20_000;
const LONGEST_WORDS = 2000;

/** A sparse vector: places and values, places ascending. */
export interface SparseVector {
  readonly places: Int32Array;
  readonly values: Float64Array;
}

export const HASHED_DIMENSIONS = DIMENSIONS;

/** FNV-1a over UTF-16 code units, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value >>> 0;
}

function termCounts(text: string): Map<number, number> {
  const words =
    text
      .slice(0, LONGEST_TEXT)
      .toLowerCase()
      .match(/[\p{L}\p{N}]{1,64}/gu) ?? [];
  const counts = new Map<number, number>();
  words.slice(0, LONGEST_WORDS).forEach((word, i) => {
    // A word, and with the one before it: topics and turns of phrase.
    for (const term of i === 0 ? [word] : [word, `${words[i - 1] ?? ''} ${word}`]) {
      const place = hash(term) % DIMENSIONS;
      counts.set(place, (counts.get(place) ?? 0) + 1);
    }
  });
  return counts;
}

/** Words and word pairs hashed to 16,384 places, (1 + ln count) ln((1 + n)/(1 + documents with it)) + 1 each, scaled to length 1 (empty texts stay 0). */
export function hashedTfIdf(texts: readonly string[]): SparseVector[] {
  const counted = texts.map(termCounts);
  const documents = new Int32Array(DIMENSIONS);
  for (const counts of counted) for (const place of counts.keys()) documents[place] = (documents[place] ?? 0) + 1;
  return counted.map((counts) => {
    const entries = [...counts].sort(([a], [b]) => a - b);
    const values = entries.map(([place, count]) => (1 + Math.log(count)) * (1 + Math.log((1 + texts.length) / (1 + (documents[place] ?? 0)))));
    const length = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0)) || 1;
    return { places: Int32Array.from(entries, ([place]) => place), values: Float64Array.from(values, (value) => value / length) };
  });
}
