import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PlantedTree } from './planted-tree.ts';
import type { Ended } from './planted-tree.ts';

const APP = `
import { getCompileCacheDir } from 'node:module';
export async function main(argv: string[]): Promise<void> {
  const cache: string | undefined = getCompileCacheDir();
  if (argv[0] === 'wait') setInterval(() => {}, 1000);
  if (argv[0] === 'exit') process.exitCode = Number(argv[1]);
  console.log(JSON.stringify({ argv, pid: process.pid, cache }));
}
`;

interface Started {
  readonly argv: readonly string[];
  readonly pid: number;
  readonly cache?: string;
}

function readStarted(text: string): Started {
  return JSON.parse(text) as Started;
}

let tree: PlantedTree;

/** A folder for PATH with the programs that the launcher needs and nothing else, but for a `node` of the given version. */
function pathWithNode(version?: string): string {
  const folder = mkdtempSync(tree.path('path-'));
  for (const program of ['sh', 'readlink']) {
    const real = ['/usr/bin', '/bin'].map((place) => `${place}/${program}`).find((file) => existsSync(file));
    if (real !== undefined) symlinkSync(real, `${folder}/${program}`);
  }
  const name = folder.slice(tree.root.length + 1);
  if (version !== undefined) tree.write(`${name}/node`, `#!/bin/sh\n[ "$1" = --version ] && echo ${version} && exit\nexec '${process.execPath}' "$@"\n`, 0o755);
  return folder;
}

function start(args: readonly string[], environment: Readonly<Record<string, string>> = {}, program = tree.path('bin/elulmc')): Ended {
  const env = { PATH: pathWithNode(), HOME: tree.path('home'), ...environment };
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: tree.root, env, encoding: 'utf8' });
  return { code: status, stdout, stderr };
}

function startWell(...parameters: Parameters<typeof start>): Started {
  const ended = start(...parameters);
  expect(ended).toMatchObject({ code: 0, stderr: '' });
  return readStarted(ended.stdout);
}

function removePinnedNode(): void {
  rmSync(tree.path('node_modules/node'), { recursive: true });
}

beforeEach(() => {
  tree = new PlantedTree({ 'package.json': '{"type":"module"}', 'package-lock.json': '{}', 'src/app.ts': APP });
  chmodSync(tree.root, 0o755);
  tree.copy('bin');
  mkdirSync(tree.path('node_modules/node/bin'), { recursive: true });
  symlinkSync(process.execPath, tree.path('node_modules/node/bin/node'));
  mkdirSync(tree.path('home'), { mode: 0o700 });
});

afterEach(() => {
  tree.remove();
});

describe('bin/elulmc', { timeout: 120_000 }, () => {
  test.each(['v20.20.2', 'v24.14.9', 'v9.11.2', 'v0.10.48', 'garbage'])('refuses Node %s when there is no pinned one', (version) => {
    removePinnedNode();
    const ended = start([], { PATH: pathWithNode(version) });
    expect(ended).toMatchObject({ code: 1, stdout: '' });
    expect(ended.stderr).toContain(`needs Node 24.15 or newer; the node on PATH is: ${version}`);
    expect(ended.stderr).toContain('help: npm ci in ');
  });

  test('says how to get Node when there is none at all', () => {
    removePinnedNode();
    const inCheckout = start([]);
    expect(inCheckout).toMatchObject({ code: 1, stdout: '' });
    expect(inCheckout.stderr).toContain('the node on PATH is: none');
    rmSync(tree.path('package-lock.json'));
    expect(start([]).stderr).toContain('npm install node@24');
  });

  test('says how to install the packages when they are missing', () => {
    rmSync(tree.path('node_modules'), { recursive: true });
    const ended = start([], { PATH: pathWithNode('v24.15.0') });
    expect(ended).toMatchObject({ code: 1, stdout: '' });
    expect(ended.stderr).toContain(`packages of this checkout are not installed\nhelp: npm ci in ${tree.root}`);
  });

  test.each(['v24.15.0', 'v24.21.3', 'v25.0.0', 'v100.1.0-nightly'])('takes Node %s from PATH when there is no pinned one', (version) => {
    removePinnedNode();
    expect(startWell(['a'], { PATH: pathWithNode(version) }).argv).toEqual(['a']);
  });

  test('takes the pinned Node before an old one on PATH, and passes every argument as it is', () => {
    const argv = ['--set', 'NAME=a b', '', "it's", '$HOME', '*'];
    expect(startWell(argv, { PATH: pathWithNode('v20.20.2') }).argv).toEqual(argv);
  });

  test('finds its folder through links, from any folder and from PATH', () => {
    mkdirSync(tree.path('links'));
    symlinkSync('../bin/elulmc', tree.path('links/relative'));
    symlinkSync(tree.path('links/relative'), tree.path('links/elulmc'));
    expect(startWell(['a'], {}, 'bin/elulmc').argv).toEqual(['a']);
    expect(startWell(['b'], {}, 'links/elulmc').argv).toEqual(['b']);
    const PATH = `${tree.path('links')}:${pathWithNode()}`;
    expect(startWell(['-c', 'elulmc c'], { PATH }, 'sh').argv).toEqual(['c']);
    expect(startWell(['-c', 'cd links && sh elulmc d'], { PATH }, 'sh').argv).toEqual(['d']);
  });

  test('works in a folder whose name a URL or a shell would take apart', () => {
    const odd = `${tree.root} b#c%20d?e'f`;
    renameSync(tree.root, odd);
    try {
      const env = { PATH: '/usr/bin:/bin', HOME: `${odd}/home` };
      const { stdout, stderr } = spawnSync(`${odd}/bin/elulmc`, ['a'], { env, encoding: 'utf8' });
      expect(stderr).toBe('');
      expect(readStarted(stdout).argv).toEqual(['a']);
    } finally {
      renameSync(odd, tree.root);
    }
  });

  test('runs dist/app.js where there is no source', () => {
    rmSync(tree.path('src'), { recursive: true });
    tree.write('dist/app.js', "export const main = async () => console.log(JSON.stringify({ argv: ['built'] }));\n");
    expect(startWell([]).argv).toEqual(['built']);
  });

  test('passes the exit code through', () => {
    expect(start(['exit', '7']).code).toBe(7);
  });

  test('becomes the program, so that signals reach it', async () => {
    const env = { PATH: pathWithNode(), HOME: tree.path('home') };
    const child = spawn(tree.path('bin/elulmc'), ['wait'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    const signal = new Promise((resolve) =>
      child.on('exit', (_code, name) => {
        resolve(name);
      }),
    );
    const line = await new Promise<string>((resolve) =>
      child.stdout.once('data', (data: Buffer) => {
        resolve(data.toString());
      }),
    );
    expect(readStarted(line).pid).toBe(child.pid);
    child.kill('SIGTERM');
    expect(await signal).toBe('SIGTERM');
  });
});

describe('the cache of compiled code', { timeout: 120_000 }, () => {
  test('lies where only this user can write, and is used', () => {
    const { cache } = startWell([]);
    const folder = tree.path('home/.cache/elulmc/compiled');
    expect(cache).toContain(folder);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(readdirSync(folder)).toHaveLength(1);
  });

  test.each(['home', 'home/.cache', 'home/.cache/elulmc', 'home/.cache/elulmc/compiled'])('is off when others can write %s', (folder) => {
    startWell([]);
    chmodSync(tree.path(folder), 0o777);
    expect(startWell([]).cache).toBeUndefined();
    chmodSync(tree.path(folder), 0o720);
    expect(startWell([]).cache).toBeUndefined();
  });

  test('is off when it is a link into a folder that others can write', () => {
    mkdirSync(tree.path('shared'));
    chmodSync(tree.path('shared'), 0o777);
    mkdirSync(tree.path('home/.cache'));
    symlinkSync(tree.path('shared'), tree.path('home/.cache/elulmc'));
    expect(startWell([]).cache).toBeUndefined();
  });

  test.skipIf(process.getuid?.() !== 0)('is off in the home of somebody else, and makes nothing there (needs root)', () => {
    chownSync(tree.path('home'), 65534, 65534);
    expect(startWell([]).cache).toBeUndefined();
    expect(readdirSync(tree.path('home'))).toEqual([]);
  });

  test('is off without a home', () => {
    expect(startWell([], { HOME: tree.path('nowhere') }).cache).toBeUndefined();
    expect(existsSync(tree.path('nowhere'))).toBe(false);
  });
});
