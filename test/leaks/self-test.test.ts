import { describe, expect, test } from 'vitest';
import { compileCanaries } from '../../src/leaks/canary-set.ts';
import { selfTest } from '../../src/leaks/self-test.ts';
import { mintedCanaries } from './minted-canaries.ts';

describe('the self-test', () => {
  test('without a canary it does not pass', () => {
    expect(selfTest(compileCanaries([]))).toMatchObject({ inFull: 0, all: 89, passed: false });
  });

  test('without the texts of the canaries it does not pass', () => {
    expect(selfTest(compileCanaries(mintedCanaries(3, 'hashes').map(({ text: _, ...entry }) => entry))).passed).toBe(false);
  });

  test('all 89 transformations of 40 canaries are found, and never as another canary', () => {
    const { rows, inFull, passed } = selfTest(compileCanaries(mintedCanaries(40, 'self-test')));
    expect(rows.filter(({ found, wrong }) => found !== 40 || wrong > 0)).toEqual([]);
    expect(new Set(rows.map(({ transformation }) => transformation)).size).toBe(89);
    expect([inFull, passed]).toEqual([89, true]);
  });
});
