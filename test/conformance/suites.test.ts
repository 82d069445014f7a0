import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { formatReport, runSuite } from './suite.ts';
import { SUITES } from './suites.ts';

describe.each(Object.entries(SUITES))('suite %s', (name, suite) => {
  const directory = resolve(import.meta.dirname, '../..', suite.defaultData);

  test.skipIf(!existsSync(directory))('every case is right (skipped without its data beside the checkout)', { timeout: 120_000 }, async () => {
    const report = await runSuite(suite, directory);
    expect(report.right).toBeGreaterThan(0);
    expect(formatReport(name, report).trimEnd().split('\n').at(-1)).toBe(`${name}: ${String(report.right)} right, 0 wrong, 0 crashed`);
  });
});
