import { spawn } from 'node:child_process';
import { chmodSync, chownSync, existsSync, readFileSync, rmSync, statSync, unlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { delimiter, dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PlantedTree } from './planted-tree.ts';
import type { Ended } from './planted-tree.ts';

const isRoot = process.getuid?.() === 0;
const NOBODY = 65534;

function lockFile(version: string): string {
  return JSON.stringify({
    packages: {
      '': { name: 'planted' },
      'node_modules/words': { version, integrity: 'sha512-a' },
      'node_modules/other-system': { version: '1.0.0', integrity: 'sha512-b', optional: true },
    },
  });
}

/** Does what the set-up relies on: empties node_modules, fills it, and writes the list of what is there as the last step. */
const FAKE_NPM = `#!/bin/sh
echo "$*" >> calls
echo "$PATH" > npm-path
if [ -e npm-says ]; then cat npm-says >&2; exit 1; fi
rm -rf node_modules
mkdir -p node_modules/node/bin
if [ -e npm-takes ]; then exec sleep "$(cat npm-takes)"; fi
ln -s '${process.execPath}' node_modules/node/bin/node
sed 's/,"node_modules.other-system.*/}}/' package-lock.json > node_modules/.package-lock.json
`;

let tree: PlantedTree;

function startSetup(node = process.execPath, options: { readonly path?: string; readonly uid?: number } = {}): ReturnType<typeof spawn> {
  const path = options.path ?? [tree.path('path'), '/usr/bin', '/bin'].join(delimiter);
  const user = options.uid === undefined ? {} : { uid: options.uid, gid: options.uid };
  return spawn(node, [tree.path('scripts/setup.js')], { cwd: '/', env: { PATH: path, HOME: tree.root }, stdio: ['ignore', 'pipe', 'pipe'], ...user });
}

function end(child: ReturnType<typeof spawn>): Promise<Ended> {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (data: Buffer) => (stdout += data.toString()));
  child.stderr?.on('data', (data: Buffer) => (stderr += data.toString()));
  return new Promise((resolve) => {
    child.on('close', (code) => {
      resolve({ code, stdout, stderr });
    });
  });
}

/** Without the lines of progress, which come when the machine is slow. */
async function setUp(...parameters: Parameters<typeof startSetup>): Promise<Ended> {
  const ended = await end(startSetup(...parameters));
  return { ...ended, stderr: ended.stderr.replaceAll(/^(installing|waiting) .* \d+ s\n/gm, '') };
}

function calls(): readonly string[] {
  return existsSync(tree.path('calls')) ? readFileSync(tree.path('calls'), 'utf8').trim().split('\n') : [];
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await delay(20);
}

const quietly = { code: 0, stdout: '', stderr: '' };

beforeEach(() => {
  tree = new PlantedTree({ 'package.json': '{"type":"module"}', 'package-lock.json': lockFile('1.0.0') });
  tree.copy('scripts/setup.js');
  tree.write('path/npm', FAKE_NPM, 0o755);
  chmodSync(tree.root, 0o755);
});

afterEach(() => {
  tree.remove();
});

describe('the set-up refuses', { timeout: 120_000 }, () => {
  async function refusal(...parameters: Parameters<typeof startSetup>): Promise<string> {
    const ended = await setUp(...parameters);
    expect(ended).toMatchObject({ code: 1, stdout: '' });
    expect(existsSync(tree.path('.elulmc/setup.lock'))).toBe(false);
    return ended.stderr;
  }

  test('a checkout without package-lock.json', async () => {
    unlinkSync(tree.path('package-lock.json'));
    expect(await refusal()).toContain('elulmc set-up: package-lock.json is missing');
  });

  test('a damaged package-lock.json', async () => {
    tree.write('package-lock.json', '{"packages":');
    expect(await refusal()).toContain('package-lock.json cannot be read');
  });

  test('a machine without npm', async () => {
    unlinkSync(tree.path('path/npm'));
    expect(await refusal(process.execPath, { path: tree.path('path') })).toContain('npm was not found on PATH\nhelp: install it');
  });

  test('an npm that ends well without having installed anything', async () => {
    tree.write('path/npm', '#!/bin/sh\n', 0o755);
    expect(await refusal()).toContain('npm ci did not install what package-lock.json names');
  });

  test.each([
    ['npm error code EAI_AGAIN\nnpm error request to the registry failed', 'the package registry cannot be reached'],
    ['npm error code ENOSPC', 'the disk is full'],
    ['npm error code EACCES', 'the packages cannot be written'],
    ['npm error code EUSAGE', 'npm ci failed (exit code 1)'],
  ])('to go on after %j', async (output, sentence) => {
    tree.write('npm-says', output);
    const stderr = await refusal();
    expect(stderr).toContain(output);
    expect(stderr).toContain(`elulmc set-up: ${sentence}\nhelp: `);
  });

  test.skipIf(!isRoot)('a checkout that this user cannot write (needs root to become somebody else)', async () => {
    expect(await refusal(process.execPath, { uid: NOBODY })).toMatch(/elulmc set-up: .*\.elulmc cannot be written\nhelp: make .* writable/);
  });
});

describe('the set-up installs', { timeout: 120_000 }, () => {
  test('once, quietly, with the development and optional packages', async () => {
    expect(await setUp()).toEqual(quietly);
    expect(await setUp()).toEqual(quietly);
    expect(calls()).toEqual([expect.stringMatching(/^ci --include=dev --include=optional /)]);
  });

  test('again when package-lock.json has changed, or an installation was interrupted', async () => {
    await setUp();
    tree.write('package-lock.json', lockFile('2.0.0'));
    expect(await setUp()).toEqual(quietly);
    unlinkSync(tree.path('node_modules/.package-lock.json'));
    expect(await setUp()).toEqual(quietly);
    expect(calls()).toHaveLength(3);
  });

  test('with an npm that does not run on the Node that npm deletes', async () => {
    await setUp(process.execPath, { path: [tree.path('node_modules/.bin'), tree.path('path'), '/usr/bin', '/bin'].join(delimiter) });
    expect(readFileSync(tree.path('npm-path'), 'utf8')).not.toContain('node_modules');
  });

  test('also when the list of what is there was read while it was being written', async () => {
    tree.write('node_modules/.package-lock.json', '{"packages":{"node_mod');
    expect(await setUp()).toEqual(quietly);
    expect(calls()).toHaveLength(1);
  });

  test('once for several that start at the same time', async () => {
    const all = await Promise.all([setUp(), setUp(), setUp(), setUp()]);
    expect(all.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    expect(calls()).toHaveLength(1);
  });

  test('in spite of the lock of a process that is gone', async () => {
    const gone = startSetup();
    await end(gone);
    rmSync(tree.path('node_modules'), { recursive: true });
    tree.write('.elulmc/setup.lock', `${String(gone.pid)} ${hostname()} 1`);
    expect(await setUp()).toEqual(quietly);
    expect(calls()).toHaveLength(2);
  });

  test('in spite of a lock whose process number now belongs to another process', async () => {
    tree.write('.elulmc/setup.lock', `${String(process.pid)} ${hostname()} 1`);
    expect(await setUp()).toEqual(quietly);
  });

  test('and says so when it takes longer than a second', async () => {
    tree.write('npm-takes', '600');
    const child = startSetup();
    const ended = end(child);
    const words = await new Promise<string>((resolve) =>
      child.stderr?.once('data', (data: Buffer) => {
        resolve(data.toString());
      }),
    );
    expect(words).toMatch(/^installing packages .* \d+ s\n$/);
    child.kill('SIGTERM');
    await ended;
  });

  test.skipIf(!isRoot)('as an ordinary user, in a folder that only this user can enter (needs root to become one)', async () => {
    for (const path of ['', 'path', 'path/npm', 'scripts', 'scripts/setup.js', 'package-lock.json', 'package.json']) chownSync(tree.path(path), NOBODY, NOBODY);
    chmodSync(tree.root, 0o700);
    expect(await setUp(process.execPath, { uid: NOBODY })).toEqual(quietly);
    expect(statSync(tree.path('node_modules')).uid).toBe(NOBODY);
  });

  test('on the Node of the machine', async (context) => {
    const own = ['/usr/bin/node', '/usr/local/bin/node'].find((file) => existsSync(file));
    if (own === undefined) return context.skip('this machine has no Node of its own');
    expect(await setUp(own)).toEqual(quietly);
    expect(calls()).toHaveLength(1);
  });
});

describe('a set-up that is stopped', { timeout: 120_000 }, () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('by %s stops npm, exits with %i and leaves nothing in the way', async (signal, code) => {
    tree.write('npm-takes', '600');
    const child = startSetup();
    const ended = end(child);
    await until(() => existsSync(tree.path('node_modules/node/bin')));
    child.kill(signal);
    expect((await ended).code).toBe(code);
    unlinkSync(tree.path('npm-takes'));
    expect(await setUp()).toEqual(quietly);
  });

  test('by kill -9 is begun again by the next one', async () => {
    tree.write('npm-takes', '1');
    const child = startSetup();
    const ended = end(child);
    await until(() => existsSync(tree.path('node_modules/node/bin')));
    child.kill('SIGKILL');
    await ended;
    unlinkSync(tree.path('npm-takes'));
    expect(existsSync(tree.path('.elulmc/setup.lock'))).toBe(true);
    expect(await setUp()).toEqual(quietly);
  });
});

describe('npm scripts', { timeout: 120_000 }, () => {
  test('start the program with its own signals and exit code', async () => {
    tree.copy('package.json');
    await setUp();
    tree.write('bin/elulmc', '#!/bin/sh\necho "$$ $*"\nexit 7\n', 0o755);
    const { scripts } = JSON.parse(readFileSync(tree.path('package.json'), 'utf8')) as { readonly scripts: { readonly start: string } };
    const shell = spawn('sh', ['-c', `${scripts.start} --port 1`], {
      cwd: tree.root,
      env: { PATH: `${dirname(process.execPath)}:/usr/bin:/bin`, HOME: tree.root },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    expect(await end(shell)).toEqual({ code: 7, stdout: `${String(shell.pid)} up --port 1\n`, stderr: '' });
  });
});
