import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { Reporter, TestCase, TestModule } from 'vitest/node';

/** What `npm test` adds up from a run of vitest. */
export interface TestReport {
  readonly passed: number;
  readonly failed: number;
  /** One line per skipped test: file, name, reason. */
  readonly skipped: readonly string[];
}

function fullName(test: TestCase): string {
  return `${relative(process.cwd(), test.module.moduleId)} > ${test.fullName}`;
}

function describeSkip(test: TestCase): string {
  const result = test.result();
  const note = result.state === 'skipped' ? result.note : undefined;
  return note === undefined ? fullName(test) : `${fullName(test)}: ${note}`;
}

/**
 * Writes a TestReport as JSON to `path` at the end of a run. A file that could not be loaded, a worker that died and an
 * error outside of any test count as one failed test each, so that none of them can pass for a success.
 */
export class TestReporter implements Reporter {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (state: string): number => tests.filter((test) => test.result().state === state).length;
    const unfinished = count('pending');
    const brokenModules = modules.filter((module) => module.errors().length > 0 || (module.state() === 'failed' && module.children.size === 0)).length;
    const report: TestReport = {
      passed: count('passed'),
      failed: count('failed') + unfinished + brokenModules + unhandledErrors.length,
      skipped: tests.filter((test) => test.result().state === 'skipped').map(describeSkip),
    };
    writeFileSync(this.#path, JSON.stringify(report));
  }
}
