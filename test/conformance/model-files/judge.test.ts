import { describe, expect, test } from 'vitest';
import type { CaseResult } from '../suite.ts';
import { judgeModelFiles, MISSING, TIMED_OUT } from './judge.ts';

/** So many cases of one label and one answer. */
function cases(count: number, expected: string, given: string, accepted: readonly string[] = []): CaseResult[] {
  const outcome = given === expected || accepted.includes(given) ? 'right' : 'wrong';
  return Array.from({ length: count }, (_, i) => ({ name: `${expected} ${String(i)}`, group: undefined, expected, accepted, outcome, given, why: '' }));
}

const crashed: CaseResult = { name: 'c', group: undefined, expected: 'suspicious', accepted: [], outcome: 'crashed', given: 'broken', why: '' };
const GOOD = [...cases(100, 'malicious', 'malicious'), ...cases(100, 'clean', 'clean'), ...cases(50, 'malformed', 'malformed')];

test('without cases nothing is passed', () => {
  expect(judgeModelFiles([]).passed).toBe(false);
});

test('all right passes, and the figures say so', () => {
  expect(judgeModelFiles(GOOD)).toEqual({
    passed: true,
    figures:
      'malicious right 100 of 100 (100.0 %), any alarm on malicious 100 of 100 (100.0 %), clean called malicious 0 of 100 (0.0 %), clean with an alarm 0 of 100 (0.0 %), all right 250 of 250 (100.0 %), crashed 0, timed out 0',
  });
});

test('a set without malicious or clean cases is judged by the others', () => {
  expect(judgeModelFiles(cases(10, 'malformed', 'malformed')).passed).toBe(true);
});

describe('each bar by itself', () => {
  test.each<[string, boolean, readonly CaseResult[]]>([
    ['three of a hundred malicious ones wrong', true, [...cases(97, 'malicious', 'malicious'), ...cases(3, 'malicious', 'suspicious')]],
    ['four of them', false, [...cases(96, 'malicious', 'malicious'), ...cases(4, 'malicious', 'suspicious')]],
    ['an accepted answer is right', true, [...cases(96, 'malicious', 'malicious'), ...cases(4, 'malicious', 'suspicious', ['suspicious'])]],
    ['one malicious called clean', false, [...cases(99, 'malicious', 'malicious'), ...cases(1, 'malicious', 'clean')]],
    ['one malicious that nobody can read', false, [...cases(99, 'malicious', 'malicious'), ...cases(1, 'malicious', 'unsupported')]],
    ['one clean called malicious', false, [...cases(99, 'clean', 'clean'), ...cases(1, 'clean', 'malicious')]],
    ['three of a hundred clean ones with an alarm', true, [...cases(97, 'clean', 'clean'), ...cases(3, 'clean', 'suspicious')]],
    ['four of them', false, [...cases(96, 'clean', 'clean'), ...cases(4, 'clean', 'malformed')]],
    ['accepted alarms on clean', true, [...cases(50, 'clean', 'clean'), ...cases(50, 'clean', 'suspicious', ['suspicious'])]],
    ['five of a hundred wrong in all', true, [...cases(95, 'suspicious', 'suspicious'), ...cases(5, 'suspicious', 'malformed')]],
    ['six of them', false, [...cases(94, 'suspicious', 'suspicious'), ...cases(6, 'suspicious', 'malformed')]],
    ['a crash', false, [...GOOD, crashed]],
    ['a case over its time', false, [...GOOD, ...cases(1, 'clean', TIMED_OUT)]],
    ['a missing file', false, [...GOOD, ...cases(1, 'clean', MISSING)]],
  ])('%s: passed is %s', (_what, passed, results) => {
    expect(judgeModelFiles(results).passed).toBe(passed);
  });
});

test('missing files are counted in the figures', () => {
  expect(judgeModelFiles([...GOOD, ...cases(2, 'clean', MISSING)]).figures).toContain('missing 2');
});
