import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { formatReport, runSuite } from './suite.ts';
import { SUITES } from './suites.ts';

describe.each(Object.entries(SUITES))('suite %s', (name, suite) => {
  const directory = resolve(import.meta.dirname, '../..', suite.defaultData);

  test.skipIf(!existsSync(directory))('passes (skipped without its data beside the checkout)', { timeout: 180_000 }, async () => {
    const report = await runSuite(suite, directory);
    expect(report.results.length).toBeGreaterThan(0);
    expect(report.judgement.passed, formatReport(name, report)).toBe(true);
  });
});
