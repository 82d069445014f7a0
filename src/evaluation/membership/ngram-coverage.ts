import { requireCount } from '../statistics/checked-numbers.ts';

/** A reply is under the control of the model: what lies past this many words is not looked at. */
const LONGEST = 2000;
/** Characters that are split into words at all. */
const LONGEST_TEXT = 200_000;

function words(text: string): string[] {
  return text
    .slice(0, LONGEST_TEXT)
    .split(/\s+/u, LONGEST + 1)
    .filter((word) => word !== '')
    .slice(0, LONGEST);
}

/** Joined by a character that no word holds. */
function gramAt(all: readonly string[], start: number, n: number): string {
  return all.slice(start, start + n).join(' ');
}

/**
 * N-gram coverage (S. Hallinan et al. 2025): share of the true suffix's words that stand in a run of at least `n` words which
 * a sample has too; the largest over the samples. Needs texts only. Null for a suffix of fewer than n words or no samples.
 */
export function ngramCoverage(suffix: string, samples: readonly string[], n = 3): number | null {
  requireCount('n', n, 1);
  const truth = words(suffix);
  if (truth.length < n || samples.length === 0) return null;
  return Math.max(...samples.map((sample) => coveredShare(truth, words(sample), n)));
}

function coveredShare(truth: readonly string[], sample: readonly string[], n: number): number {
  const grams = new Set<string>();
  for (let start = 0; start + n <= sample.length; start += 1) grams.add(gramAt(sample, start, n));
  let covered = 0;
  let coveredTo = 0;
  for (let start = 0; start + n <= truth.length; start += 1) {
    if (!grams.has(gramAt(truth, start, n))) continue;
    covered += start + n - Math.max(coveredTo, start);
    coveredTo = start + n;
  }
  return covered / truth.length;
}

/** Longest run of words that the suffix and a sample share, as a share of the suffix's words; the largest over the samples. Null as above. */
export function commonSubstringShare(suffix: string, samples: readonly string[]): number | null {
  const truth = words(suffix);
  if (truth.length === 0 || samples.length === 0) return null;
  return Math.max(...samples.map((sample) => longestRun(truth, words(sample)))) / truth.length;
}

/** Longest common substring by the usual table, two rows of it at a time. */
function longestRun(first: readonly string[], second: readonly string[]): number {
  let longest = 0;
  let above = new Int32Array(second.length + 1);
  for (const word of first) {
    const row = new Int32Array(second.length + 1);
    for (let j = 1; j <= second.length; j += 1) {
      if (word !== second[j - 1]) continue;
      row[j] = (above[j - 1] ?? 0) + 1;
      longest = Math.max(longest, row[j] ?? 0);
    }
    above = row;
  }
  return longest;
}
