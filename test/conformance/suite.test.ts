import { expect, test } from 'vitest';
import { formatReport, hasPassed, runSuite } from './suite.ts';
import type { ConformanceCase } from './suite.ts';

function suiteOf(cases: readonly ConformanceCase[]): Parameters<typeof runSuite>[0] {
  return { summary: 'a test', defaultData: '.', cases: () => cases };
}

const right: ConformanceCase = { name: 'a', expected: 'yes', given: () => 'yes' };

test('a suite without cases does not pass', async () => {
  expect(hasPassed(await runSuite(suiteOf([]), '.'))).toBe(false);
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
  expect(hasPassed(report)).toBe(false);
  expect(formatReport('x', report)).toBe('wrong    b: expected yes, given no\ncrashed  c: broken\nx: 1 right, 1 wrong, 1 crashed\n');
});

test('a suite in which all is right passes', async () => {
  expect(hasPassed(await runSuite(suiteOf([right, right]), '.'))).toBe(true);
});
