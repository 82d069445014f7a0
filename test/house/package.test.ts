import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkout, PlantedTree } from './planted-tree.ts';
import type { Ended } from './planted-tree.ts';

const MINUTES = 60_000;

/** The user's own npm settings and cache hold, or a machine behind a proxy could not install anything. */
function run(cwd: string, program: string, ...args: readonly string[]): Ended {
  const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`, ELULMC_HOME: join(cwd, 'home') };
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd, env, encoding: 'utf8', maxBuffer: 64 * 2 ** 20 });
  return { code: status, stdout, stderr: error === undefined ? stderr : error.message };
}

describe('the published package', () => {
  const source = new PlantedTree();
  const user = new PlantedTree({ 'package.json': '{"private":true}' });
  let files: readonly string[] = [];
  let tarball = '';

  beforeAll(() => {
    const { files: shipped } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')) as { readonly files: readonly string[] };
    const needed = ['package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'scripts', 'src', 'README.md', 'LICENSE'];
    source.copy(...[...needed, ...shipped].filter((path) => path !== 'dist' && existsSync(join(checkout, path))));
    source.linkPackages();
    mkdirSync(source.path('packed'));
    const packed = run(source.root, 'npm', 'pack', '--json', '--pack-destination', 'packed');
    expect(packed, packed.stdout + packed.stderr).toMatchObject({ code: 0 });
    [tarball = ''] = globSync('packed/*.tgz', { cwd: source.root });
    const list = run(source.root, 'tar', '-tzf', tarball);
    files = list.stdout
      .trim()
      .split('\n')
      .map((path) => path.replace(/^package\//, ''));
  }, 5 * MINUTES);

  afterAll(() => {
    source.remove();
    user.remove();
  });

  test('holds the program as JavaScript and what it reads, and nothing of its development', () => {
    const tops = new Set(files.map((path) => path.split('/', 1)[0] ?? ''));
    expect([...tops].filter((top) => !['package.json', 'README.md', 'LICENSE', 'bin', 'dist', 'models', 'runbooks', 'data', 'docs'].includes(top))).toEqual([]);
    expect(files).toEqual(expect.arrayContaining(['bin/elulmc', 'bin/entry.js', 'dist/app.js', 'LICENSE', 'package.json']));
    expect(files.filter((path) => /[.]tsx?$|[.]tsbuildinfo$|^models\/training\//.test(path))).toEqual([]);
  });

  test('holds every file of src that is not TypeScript', () => {
    const assets = globSync('src/**/*.*', { cwd: source.root }).filter((path) => !path.endsWith('.ts'));
    expect(files).toEqual(expect.arrayContaining(assets.map((path) => path.replace(/^src/, 'dist'))));
  });

  test('imports no source files', () => {
    const sources = globSync('dist/**/*.js', { cwd: source.root }).filter((path) =>
      /(from|import)\s*\(?['"][^'"]+[.]ts['"]/.test(readFileSync(source.path(path), 'utf8')),
    );
    expect(sources).toEqual([]);
  });

  test('can be installed in an empty folder, and starts there', { timeout: 10 * MINUTES }, (context) => {
    const installed = run(user.root, 'npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error', source.path(tarball));
    const isUnreachable = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH/.test(installed.stderr);
    if (isUnreachable) context.skip('the package registry cannot be reached');
    expect(installed, installed.stderr).toMatchObject({ code: 0 });
    for (const name of ['vitest', 'typescript', 'node', 'node-llama-cpp']) expect(existsSync(user.path(`node_modules/${name}`)), name).toBe(false);

    const help = run(user.root, 'node_modules/.bin/elulmc', '--help');
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toContain('elulmc');
    const version = run(user.root, 'node_modules/.bin/elulmc', '--version');
    expect(version).toMatchObject({ code: 0, stderr: '' });
    expect(version.stdout).toMatch(/\d+[.]\d+[.]\d+/);
    const doctor = run(user.root, 'node_modules/.bin/elulmc', 'doctor');
    // The embedded engine is an optional peer: doctor says how to add it, and has nothing else to find.
    expect(doctor, doctor.stdout).toMatchObject({ code: 3 });
    expect(doctor.stdout).toMatch(/^ok +Node/m);
    expect(doctor.stdout.match(/^PROBLEM .*$/gm)).toEqual([expect.stringContaining('npm install node-llama-cpp@')]);
  });
});
