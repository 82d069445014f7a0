import fc from 'fast-check';
import { expect, test } from 'vitest';
import { buildAutomaton, search } from '../../../src/leaks/search/automaton.ts';

function found(patterns: readonly string[], text: string): readonly string[] {
  const hits: string[] = [];
  search(buildAutomaton(patterns, 'abc'), Buffer.from(text), text.length, (pattern, last) => hits.push(`${String(pattern)} ${String(last)}`));
  return hits.toSorted();
}

test.each([
  ['an empty pattern', ['a', '']],
  ['a symbol outside of the alphabet', ['ad']],
  ['a symbol outside of ASCII', ['aé']],
])('%s is refused', (_, patterns) => {
  expect(() => buildAutomaton(patterns, 'abc')).toThrow(RangeError);
});

test('too many states are refused', () => {
  const patterns = Array.from({ length: 7000 }, (_, i) => i.toString(3).padStart(20, '0').replaceAll('0', 'a').replaceAll('1', 'b').replaceAll('2', 'c'));
  expect(() =>
    buildAutomaton(
      patterns.map((pattern) => pattern + pattern),
      'abc',
    ),
  ).toThrow(RangeError);
});

test('no pattern finds nothing', () => {
  expect(found([], 'abc')).toEqual([]);
  expect(found(['abc'], '')).toEqual([]);
});

test('every occurrence of every pattern is found, as by a search at each place', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(fc.array(word, { maxLength: 8 }), fc.string({ unit: fc.constantFrom('a', 'b', 'c', '-', 'é'), maxLength: 60 }), (patterns, mixed) => {
      const text = mixed.replaceAll('é', '.');
      const expected = patterns.flatMap((pattern, i) =>
        Array.from({ length: text.length }, (_, at) => at).flatMap((at) =>
          text.startsWith(pattern, at) ? [`${String(i)} ${String(at + pattern.length - 1)}`] : [],
        ),
      );
      expect(found(patterns, text)).toEqual(expected.toSorted());
    }),
  );
});
