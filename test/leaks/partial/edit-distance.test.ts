import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nearestMatch } from '../../../src/leaks/partial/edit-distance.ts';

/** Sellers' algorithm, cell by cell. */
function slowDistance(pattern: string, text: string): number {
  let column = Array.from({ length: pattern.length + 1 }, (_, i) => i);
  let best = pattern.length;
  for (const letter of text) {
    const next = [0];
    for (let i = 1; i <= pattern.length; i += 1) {
      const same = pattern[i - 1] === letter ? 0 : 1;
      next.push(Math.min((column[i] ?? 0) + 1, (next[i - 1] ?? 0) + 1, (column[i - 1] ?? 0) + same));
    }
    column = next;
    best = Math.min(best, column.at(-1) ?? best);
  }
  return best;
}

test('an empty text is as far as the pattern is long', () => {
  expect(nearestMatch('abc', Buffer.from(''), 0, 0)).toEqual({ distance: 3, last: -1 });
});

test('the distance is that of the table of all prefixes', () => {
  const letters = fc.constantFrom('a', 'b', 'c', '7');
  fc.assert(
    fc.property(fc.string({ unit: letters, minLength: 1, maxLength: 31 }), fc.string({ unit: letters, maxLength: 50 }), (pattern, text) => {
      expect(nearestMatch(pattern, Buffer.from(text), 0, text.length).distance).toBe(slowDistance(pattern, text));
    }),
  );
});

test('only the given part of the text counts', () => {
  expect(nearestMatch('abc', Buffer.from('abcxxabc'), 1, 6)).toEqual({ distance: 1, last: 2 });
});
