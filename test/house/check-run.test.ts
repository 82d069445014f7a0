import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PlantedTree } from './planted-tree.ts';
import type { Ended } from './planted-tree.ts';

const environment = (home: string): Record<string, string> => ({ PATH: `${dirname(process.execPath)}:/usr/bin:/bin`, HOME: home });

function makeTree(files: Readonly<Record<string, string>>): PlantedTree {
  const tree = new PlantedTree(files);
  tree.copy('scripts/test.ts', 'scripts/test-report.ts', 'package.json', 'tsconfig.json', 'vitest.config.ts', 'eslint.config.js', 'knip.json');
  tree.copy('.dependency-cruiser.js', '.prettierrc.json', '.prettierignore');
  tree.write('test/fixtures/postgres-global.ts', 'export const setup = () => {};\n');
  for (const folder of ['src', 'bin', 'bench', 'test']) mkdirSync(tree.path(folder), { recursive: true });
  tree.linkPackages();
  return tree;
}

function runChecks(tree: PlantedTree, ...names: readonly string[]): Ended {
  const { status, stdout, stderr } = spawnSync(process.execPath, [tree.path('scripts/test.ts'), ...names], {
    cwd: '/',
    env: environment(tree.root),
    encoding: 'utf8',
  });
  return { code: status, stdout, stderr };
}

function lastLine(text: string): string | undefined {
  return text.trimEnd().split('\n').at(-1);
}

const CLEAN_TEST = `import { expect, test } from 'vitest';

test('one', () => {
  expect(1).toBe(1);
});
`;

describe('a tree in which every check fails', () => {
  let tree: PlantedTree;
  let ended: Ended;

  beforeAll(() => {
    tree = makeTree({
      'src/app.ts': "import './core/planted.ts';\n",
      'src/core/planted.ts': "import 'commander';\nexport enum Level { Low }\nconsole.log('words');\n",
      'test/planted.test.ts': `${CLEAN_TEST}test('two', () => expect(1).toBe(2));\ntest('hidden', ({ skip }) => skip('no printer'));\n`,
      'src/core/alone.ts': 'export const alone = 1;\n',
      'test/unloadable.test.ts': "import './nowhere.ts';\n",
      'test/stray.test.ts': `${CLEAN_TEST}void Promise.reject(new Error('stray'));\n`,
    });
    ended = runChecks(tree);
  }, 480_000);

  afterAll(() => {
    tree.remove();
  });

  test('goes through all of them and names those that failed', () => {
    expect(ended.code).toBe(1);
    const outcomes = ended.stdout.split('\n').filter((line) => /^== \w+: (ok|FAILED)/.test(line));
    expect(outcomes.map((line) => line.replace(/ after .*/, ''))).toEqual(
      ['typecheck', 'lint', 'format', 'depcruise', 'knip', 'unit'].map((name) => `== ${name}: FAILED`),
    );
    expect(ended.stdout).toContain('failed checks: typecheck, lint, format, depcruise, knip, unit');
  });

  test('shows what each of them found', () => {
    for (const words of ['TS1294', 'no-console', 'planted.ts', 'no-orphans: src/core/alone.ts', 'Unused', 'expected 1 to be 2']) {
      expect(ended.stdout + ended.stderr).toContain(words);
    }
  });

  test('counts a failed test, a file that cannot be loaded and a stray error, and ends with the sum', () => {
    expect(ended.stdout).toContain('skipped: test/planted.test.ts > hidden: no printer\n');
    expect(lastLine(ended.stdout)).toBe('2 passed, 8 failed, 1 skipped');
  });
});

describe('single checks', { timeout: 120_000 }, () => {
  let tree: PlantedTree;

  beforeAll(() => {
    tree = makeTree({ 'test/planted.test.ts': CLEAN_TEST });
  });

  afterAll(() => {
    tree.remove();
  });

  test('an unknown name is refused', () => {
    const ended = runChecks(tree, 'lint', 'spelling');
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toContain('no such check: spelling; there are: typecheck, lint,');
  });

  test('only the named ones run, and success is exit code 0', () => {
    const ended = runChecks(tree, 'format', 'unit');
    expect(ended.stdout).not.toContain('== lint');
    expect(lastLine(ended.stdout)).toBe('2 passed, 0 failed, 0 skipped');
    expect(ended.code).toBe(0);
  });

  test('no tests at all is a failure', () => {
    rmSync(tree.path('test/planted.test.ts'));
    const ended = runChecks(tree, 'unit');
    expect(lastLine(ended.stdout)).toBe('0 passed, 1 failed, 0 skipped');
    expect(ended.code).toBe(1);
  });

  test('a signal stops the running check, and there is no sum that could be taken for a result', async () => {
    tree.write(
      'test/slow.test.ts',
      "import { test } from 'vitest';\n\nconsole.log('begun');\ntest('slow', () => new Promise((resolve) => setTimeout(resolve, 25_000)));\n",
    );
    const child = spawn(process.execPath, [tree.path('scripts/test.ts'), 'unit'], { env: environment(tree.root), stdio: ['ignore', 'pipe', 'inherit'] });
    let stdout = '';
    const code = new Promise((resolve) => child.on('close', resolve));
    child.stdout.on('data', (data: Buffer) => {
      if (!stdout.includes('begun') && data.toString().includes('begun')) child.kill('SIGINT');
      stdout += data.toString();
    });
    expect(await code).toBe(130);
    expect(stdout).not.toContain(' passed, ');
  });
});
