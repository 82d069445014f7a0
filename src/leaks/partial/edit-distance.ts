/** Where a pattern comes nearest in a text. */
export interface NearestMatch {
  /** Insertions, deletions and substitutions. */
  readonly distance: number;
  /** Index of the last character of the first nearest match; -1 for an empty text. */
  readonly last: number;
}

/**
 * Smallest edit distance between the pattern and any part of `text[from..to)`: the bit-parallel algorithm of G. Myers,
 * "A fast bit-vector algorithm for approximate string matching based on dynamic programming", J. ACM 46 (1999), in one 32-bit word.
 * @param pattern 1 to 31 ASCII characters.
 */
export function nearestMatch(pattern: string, text: Uint8Array, from: number, to: number): NearestMatch {
  const length = pattern.length;
  const equal = new Int32Array(128);
  for (let i = 0; i < length; i += 1) equal[pattern.charCodeAt(i) & 127] = (equal[pattern.charCodeAt(i) & 127] ?? 0) | (1 << i);
  const top = 1 << (length - 1);
  let plus = -1;
  let minus = 0;
  let score = length;
  let best = { distance: length, last: from - 1 };
  for (let j = from; j < to; j += 1) {
    const match = equal[(text[j] ?? 0) & 127] ?? 0;
    const vertical = match | minus;
    const horizontal = (((match & plus) + plus) ^ plus) | match;
    let up = minus | ~(horizontal | plus);
    let down = plus & horizontal;
    if ((up & top) !== 0) score += 1;
    if ((down & top) !== 0) score -= 1;
    up <<= 1;
    down <<= 1;
    plus = down | ~(vertical | up);
    minus = up & vertical;
    if (score < best.distance) best = { distance: score, last: j };
  }
  return best;
}
