import { describe, expect, test } from 'vitest';
import { mergeSnapshot } from '../../../src/services/posture/merge-snapshot.ts';
import type { PostureAnswer } from '../../../src/store/posture-reader.ts';
import type { KeyRow, PostureRows } from '../../../src/store/posture-shapes.ts';

function key(name: string, generation = 1): KeyRow {
  const limits = { concurrency: null, requestsPerMinute: null, tokensPerMinute: null };
  return { id: `key_${name}`, sha256: name, name, subject: 'sub', generation, revokedAt: null, models: null, limits };
}

function answer(version: number, rows: Partial<PostureRows> | null): PostureAnswer {
  const base: PostureRows = {
    installationId: 'ins_1',
    sessionGeneration: 1,
    sessionKey: 'k',
    streamGraceMs: 0,
    isolations: [],
    upstreams: [],
    routes: [],
    passThrough: [],
    keys: [],
    subjects: [],
  };
  return { version, heads: [], rows: rows === null ? null : { ...base, ...rows } };
}

const known = mergeSnapshot(undefined, answer(5, { keys: [key('a'), key('b')], subjects: [{ id: 'sub', wrappedKey: 'w' }] }));

describe('what is refused', () => {
  test.each([
    ['an older version', answer(4, {})],
    ['an older version without rows', answer(4, null)],
    ['another installation', answer(6, { installationId: 'ins_2' })],
  ])('%s', (_name, next) => {
    expect(() => mergeSnapshot(known, next)).toThrow(expect.objectContaining({ code: 'INTEGRITY_VIOLATION' }));
  });

  test('a first answer without rows', () => {
    expect(() => mergeSnapshot(undefined, answer(1, null))).toThrow(expect.objectContaining({ code: 'INTEGRITY_VIOLATION' }));
  });
});

test('changed keys take the place of the known ones; the known snapshot stays as it was', () => {
  const next = mergeSnapshot(known, answer(6, { keys: [key('b', 2), key('c')] }));
  expect([...next.keys.values()].map(({ sha256, generation }) => [sha256, generation])).toEqual([
    ['a', 1],
    ['b', 2],
    ['c', 1],
  ]);
  expect(known.keys.get('b')?.generation).toBe(1);
  expect(known.keys.size).toBe(2);
  expect(next.subjects).toBe(known.subjects);
  expect(next.version).toBe(6);
});

test('the same version renews only the heads', () => {
  const heads = [{ log: 'gw-0', size: 1, root: 'r', refused: false }];
  expect(mergeSnapshot(known, { ...answer(5, null), heads })).toEqual({ ...known, heads });
});
