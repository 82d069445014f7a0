// npm test: every check and every test. With names (`node scripts/test.ts lint knip`) only these checks.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestReport } from './test-report.ts';

const root = dirname(import.meta.dirname);

/** Longer than a whole run may take (20 minutes on two cores), so that a check that hangs is named instead of waited for. */
const LONGEST_MS = 18 * 60_000;

/** A check is one program of node_modules/.bin, run with this Node. */
const CHECKS: Readonly<Record<string, readonly [program: string, ...args: string[]]>> = {
  typecheck: ['tsc', '--noEmit', '-p', 'tsconfig.json'],
  lint: ['eslint', '--max-warnings', '0', '.'],
  format: ['prettier', '--check', '--log-level', 'warn', '.'],
  depcruise: ['depcruise', 'src', 'bin', 'bench', 'scripts', 'test'],
  knip: ['knip'],
  unit: ['vitest', 'run'],
};

const children = new Set<ReturnType<typeof spawn>>();
let stoppedBy: NodeJS.Signals | undefined;

/** Exit code of the program, or what ended it. Its output goes straight to the terminal. */
function run([program, ...args]: readonly [string, ...string[]], environment: Readonly<Record<string, string>>): Promise<number | string> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(root, 'node_modules', '.bin', program), ...args], {
      cwd: root,
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    children.add(child);
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      child.kill('SIGKILL');
    }, LONGEST_MS);
    child.on('error', (error) => {
      clearTimeout(timer);
      resolve(error.message);
    });
    child.on('close', (code, signal) => {
      children.delete(child);
      clearTimeout(timer);
      resolve(isLate ? `did not end within ${String(LONGEST_MS / 60_000)} minutes` : (code ?? signal ?? 'ended'));
    });
  });
}

function readReport(path: string): TestReport | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as TestReport;
  } catch {
    return undefined;
  }
}

/** Runs vitest and counts its tests. A run that ends badly without naming a failed test counts as one. */
async function runTests(command: readonly [string, ...string[]]): Promise<TestReport> {
  const folder = mkdtempSync(join(tmpdir(), 'elulmc-test-'));
  try {
    const path = join(folder, 'report.json');
    const ended = await run(command, { ELULMC_TEST_REPORT: path });
    const report = readReport(path) ?? { passed: 0, failed: 0, skipped: [] };
    return ended === 0 || report.failed > 0 ? report : { ...report, failed: 1 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runCheck(name: string, command: readonly [string, ...string[]]): Promise<TestReport> {
  const started = performance.now();
  console.log(`\n== ${name}: ${command.join(' ')}`);
  const isTests = name === 'unit';
  const ended = isTests ? await runTests(command) : await run(command, {});
  const report = typeof ended === 'object' ? ended : { passed: ended === 0 ? 1 : 0, failed: ended === 0 ? 0 : 1, skipped: [] };
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const reason = typeof ended === 'string' ? ` (${ended})` : '';
  console.log(`== ${name}: ${report.failed === 0 ? 'ok' : `FAILED${reason}`} after ${seconds} s`);
  return report;
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    stoppedBy ??= signal;
    for (const child of children) child.kill('SIGTERM');
  });
}

async function main(names: readonly string[]): Promise<void> {
  const unknown = names.filter((name) => !(name in CHECKS));
  if (unknown.length > 0) {
    console.error(`no such check: ${unknown.join(', ')}; there are: ${Object.keys(CHECKS).join(', ')}`);
    process.exitCode = 2;
    return;
  }
  const failed: string[] = [];
  const total = { passed: 0, failed: 0 };
  const skipped: string[] = [];
  for (const [name, command] of Object.entries(CHECKS)) {
    if (names.length > 0 && !names.includes(name)) continue;
    const report = await runCheck(name, command);
    if (stoppedBy !== undefined) {
      process.exitCode = stoppedBy === 'SIGINT' ? 130 : 143;
      return;
    }
    total.passed += report.passed;
    total.failed += report.failed;
    skipped.push(...report.skipped);
    if (report.failed > 0) failed.push(name);
  }
  console.log('');
  for (const line of skipped) console.log(`skipped: ${line}`);
  if (failed.length > 0) console.log(`failed checks: ${failed.join(', ')}`);
  console.log(`${String(total.passed)} passed, ${String(total.failed)} failed, ${String(skipped.length)} skipped`);
  process.exitCode = total.failed === 0 ? 0 : 1;
}

await main(process.argv.slice(2));
