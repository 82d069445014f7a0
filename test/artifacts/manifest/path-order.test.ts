import fc from 'fast-check';
import { expect, test } from 'vitest';
import { comparePathParts } from '../../../src/artifacts/manifest/path-order.ts';

/** Python's order of tuples of texts, written out: part by part, code point by code point. */
function compareTuples(a: string, b: string): number {
  const [left, right] = [a, b].map((path) => path.split('/').map((part) => Array.from(part, (character) => character.codePointAt(0) ?? 0)));
  const compare = <T>(x: readonly T[], y: readonly T[], each: (p: T, q: T) => number): number => {
    const at = x.findIndex((item, i) => i < y.length && each(item, y[i] as T) !== 0);
    return at === -1 ? x.length - y.length : each(x[at] as T, y[at] as T);
  };
  return compare(left ?? [], right ?? [], (p, q) => compare(p, q, (m, n) => m - n));
}

test('paths are ordered by their parts', () => {
  const paths = ['sub-b', 'sub/a', 'sub', 'sub/Z', 'Sub', 'a/b/c', 'a/b', 'a.b', 'a'];
  expect(paths.toSorted(comparePathParts)).toEqual(['Sub', 'a', 'a/b', 'a/b/c', 'a.b', 'sub', 'sub/Z', 'sub/a', 'sub-b']);
  expect(paths.toSorted(comparePathParts)).not.toEqual(paths.toSorted());
});

test('characters above U+FFFF come after all others', () => {
  expect(['\u{1F600}', '\uFFFD', '\uE000', 'z'].toSorted(comparePathParts)).toEqual(['z', '\uE000', '\uFFFD', '\u{1F600}']);
});

test('the order is that of tuples of code points', () => {
  const part = fc.string({ unit: fc.constantFrom('a', 'b', '-', '.', '0', '\u{1F600}', '\uE000', 'é'), minLength: 1, maxLength: 3 });
  const path = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
  fc.assert(
    fc.property(path, path, (a, b) => {
      expect(Math.sign(comparePathParts(a, b))).toBe(Math.sign(compareTuples(a, b)));
    }),
  );
});
