import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseTilePath, tilePath, tilesAt, tileWidth } from '../../../src/ledger/verify/tile-path.ts';

describe('a path that nobody writes is refused', () => {
  test.each([
    'tile/0/5',
    'tile/0/0005',
    'tile/0/x000/005',
    'tile/0/1234067',
    'tile/0/x1/234/067',
    'tile/0/x001/234/067',
    'tile/00/005',
    'tile/64/005',
    'tile/-1/005',
    'tile/0/005.p/0',
    'tile/0/005.p/256',
    'tile/0/005.p/08',
    'tile/0/005.p/',
    'tile/0/005/',
    '/tile/0/005',
    'tile/0/../005',
    'tile/data/005',
    'tile/entries/x999/x999/x999/x999/x999/999',
    'checkpoint',
    '',
  ])('%s', (path) => {
    expect(parseTilePath(path)).toBeUndefined();
  });
});

test.each([
  [0, 5, 256, 'tile/0/005'],
  [3, 1_234_067, 256, 'tile/3/x001/x234/067'],
  ['entries' as const, 1000, 255, 'tile/entries/x001/000.p/255'],
  [63, 0, 1, 'tile/63/000.p/1'],
])('tile %s %d of width %d', (kind, index, width, path) => {
  expect(tilePath(kind, index, width)).toBe(path);
  expect(parseTilePath(path)).toEqual({ kind, index, width });
});

test('a bigint index gives the same path', () => {
  expect(tilePath(0, 2n ** 64n - 1n)).toBe('tile/0/x018/x446/x744/x073/x709/x551/615');
});

test('paths are read as they are written', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 63 }), fc.nat({ max: 999_999_999_999 }), fc.integer({ min: 1, max: 256 }), (kind, index, width) => {
      expect(parseTilePath(tilePath(kind, index, width))).toEqual({ kind, index, width });
    }),
  );
});

test.each([
  [0, 0, 0, 0],
  [0, 255, 0, 255],
  [0, 256, 1, 0],
  [1, 256, 0, 1],
  [0, 70_000, 273, 112],
  [1, 70_000, 1, 17],
  [2, 70_000, 0, 1],
])('level %d of a tree of %d entries has %d full tiles and one of width %d', (level, size, full, partial) => {
  expect(tilesAt(level, size)).toEqual({ full, partial });
  expect(tileWidth(level, full, size)).toBe(partial);
  if (full > 0) expect(tileWidth(level, full - 1, size)).toBe(256);
  expect(tileWidth(level, full + 1, size)).toBe(0);
});
