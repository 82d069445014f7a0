import { requireCount } from './checked-numbers.ts';

/** Distinct runs of n characters (code points) of the lower-cased text; a shorter text is one run itself. */
function ngrams(text: string, n: number): Set<string> {
  const characters = Array.from(text.toLowerCase());
  const grams = new Set<string>();
  for (let i = 0; i + n <= characters.length; i += 1) grams.add(characters.slice(i, i + n).join(''));
  return grams;
}

/**
 * Share of the target's distinct character n-grams that the text holds, whatever the case: how much of a prompt a reply gave
 * away. 0 to 1; a target of fewer than n characters is looked for as a whole, an empty one gives 0.
 */
export function ngramContainment(target: string, text: string, n = 4): number {
  requireCount('n', n, 1);
  const wanted = ngrams(target, n);
  if (wanted.size === 0) return target !== '' && text.toLowerCase().includes(target.toLowerCase()) ? 1 : 0;
  const held = ngrams(text, n);
  let found = 0;
  for (const gram of wanted) if (held.has(gram)) found += 1;
  return found / wanted.size;
}
