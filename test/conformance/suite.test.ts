import { expect, test } from 'vitest';
import { formatReport, runSuite } from './suite.ts';
import type { ConformanceCase } from './suite.ts';

function suiteOf(cases: readonly ConformanceCase[]): Parameters<typeof runSuite>[0] {
  return { summary: 'a test', defaultData: '.', cases: () => cases };
}

const right: ConformanceCase = { name: 'a', expected: 'yes', given: () => 'yes' };

test('a suite without cases does not pass', async () => {
  expect((await runSuite(suiteOf([]), '.')).judgement.passed).toBe(false);
});

test('wrong and crashed cases are named, the others still count', async () => {
  const wrong: ConformanceCase = { name: 'b', expected: 'yes', given: () => Promise.resolve('no') };
  const crashed: ConformanceCase = {
    name: 'c',
    expected: 'yes',
    given: () => {
      throw new Error('broken');
    },
  };
  const report = await runSuite(suiteOf([crashed, wrong, right]), '.');
  expect(report.judgement.passed).toBe(false);
  expect(formatReport('x', report)).toBe('wrong    b: expected yes, given no\ncrashed  c: broken\nx: 1 right, 1 wrong, 1 crashed\n');
});

test('a suite in which all is right passes', async () => {
  expect((await runSuite(suiteOf([right, right]), '.')).judgement.passed).toBe(true);
});

test('cases with a group are counted in a table by group', async () => {
  const grouped: ConformanceCase[] = [
    { ...right, group: 'key' },
    { ...right, group: 'sigstore', expected: 'no' },
    { ...right, group: 'key' },
  ];
  const report = await runSuite(suiteOf(grouped), '.');
  expect(formatReport('x', report)).toBe('key       2 of 2\nsigstore  0 of 1\nwrong    a: expected no, given yes\nx: 2 right, 1 wrong, 0 crashed\n');
});

test('another accepted answer is right; a wrong one is shown with what brought it about', async () => {
  const cases: ConformanceCase[] = [
    { ...right, expected: 'no', accepted: ['yes'] },
    { name: 'b', expected: 'no', accepted: ['perhaps'], given: () => ({ answer: 'yes', why: 'a rule' }) },
  ];
  const report = await runSuite(suiteOf(cases), '.');
  expect(formatReport('x', report)).toBe('wrong    b: expected no (or perhaps), given yes (a rule)\nx: 1 right, 1 wrong, 0 crashed\n');
});

test('a suite with thresholds is judged by them', async () => {
  const wrong: ConformanceCase = { ...right, expected: 'no' };
  const judged = { ...suiteOf([right, wrong]), judge: () => ({ passed: true, figures: 'one of two is enough' }) };
  const report = await runSuite(judged, '.');
  expect(report.judgement.passed).toBe(true);
  expect(formatReport('x', report).endsWith('\nx: one of two is enough\n')).toBe(true);
});
