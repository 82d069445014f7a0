import { expect, test } from 'vitest';
import { ignoreEntries, isIgnored } from '../../../src/artifacts/manifest/ignored-paths.ts';

test('entries become paths below the model; what lies outside is dropped', () => {
  const entries = ['notes/', './a/./b', 'c/../d', '/models/x/e', '/models/x', '/models/other', '../up', '..', '', 'f', 'f'];
  expect(ignoreEntries('/models/x', entries)).toEqual(['notes', 'a/b', 'd', 'e', '.', 'f']);
});

test.each([
  ['a', ['a'], true],
  ['a/b/c', ['a/b'], true],
  ['ab', ['a'], false],
  ['b/a', ['a'], false],
  ['a', ['a/b'], false],
  ['anything', ['.'], true],
  ['.', ['.'], true],
  ['.', ['a'], false],
  ['a', [], false],
])('%s with %j ignored: %s', (path, entries, ignored) => {
  expect(isIgnored(path, new Set(entries))).toBe(ignored);
});
