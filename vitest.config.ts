import { defineConfig } from 'vitest/config';
import { TestReporter } from './scripts/test-report.ts';

/** Set by `npm test`: only then is one database server worth its start for all files together. */
const reportPath = process.env['ELULMC_TEST_REPORT'];

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/browser/**'],
    pool: 'forks',
    maxWorkers: 2,
    watch: false,
    // A busy machine is no failure.
    expect: { poll: { timeout: 20_000 } },
    testTimeout: 30_000,
    hookTimeout: 30_000,
    teardownTimeout: 10_000,
    globalSetup: reportPath === undefined ? [] : ['test/fixtures/postgres-global.ts'],
    reporters: reportPath === undefined ? ['default'] : ['default', new TestReporter(reportPath)],
  },
});
