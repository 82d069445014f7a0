import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { formatReport, runSuite } from './suite.ts';
import type { OnProgress } from './suite.ts';
import { SUITES } from './suites.ts';

/** `npm run conformance -- SUITE [--data DIR]`. Exit 0: all right, or good enough for a suite with thresholds; 1: not so, or no cases; 2: usage. */
async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...args], options: { data: { type: 'string' } }, allowPositionals: true });
  const [name = '', ...rest] = positionals;
  const suite = Object.hasOwn(SUITES, name) ? SUITES[name] : undefined;
  if (suite === undefined || rest.length > 0) {
    const lines = Object.entries(SUITES).map(([key, { summary }]) => `  ${key}  ${summary}`);
    process.stderr.write(['usage: npm run conformance -- SUITE [--data DIR]', ...lines, ''].join('\n'));
    return 2;
  }
  const directory = values.data === undefined ? resolve(import.meta.dirname, '../..', suite.defaultData) : resolve(values.data);
  if (!existsSync(directory)) {
    process.stderr.write(`${directory} does not exist; name the folder of the cases with --data DIR\n`);
    return 2;
  }
  const report = await runSuite(suite, directory, sayProgress());
  process.stdout.write(formatReport(name, report));
  return report.judgement.passed ? 0 : 1;
}

/** A line for every tenth part of the work. */
function sayProgress(): OnProgress {
  let said = 0;
  return (done, all) => {
    const tenths = Math.floor((10 * done) / all);
    if (tenths > said) process.stderr.write(`${String(done)} of ${String(all)}\n`);
    said = Math.max(said, tenths);
  };
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
