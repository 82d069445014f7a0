import { atRestSection } from './leaks/at-rest.ts';
import { corpora } from './leaks/corpora.ts';
import { inStreamSection } from './leaks/in-stream.ts';

/** Canaries in text: what a search costs, for each core, and what it finds. Returns Markdown. */
export function runLeaksBench(words: readonly string[]): Promise<string> {
  if (words.length > 0) return Promise.reject(new RangeError(`npm run bench leaks takes no words: ${words.join(' ')}`));
  const texts = corpora();
  return Promise.resolve(['## Leaks', '', atRestSection(texts), inStreamSection(texts)].join('\n'));
}
