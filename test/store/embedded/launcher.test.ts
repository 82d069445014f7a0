import { spawn } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sleep } from '../../../src/core/clock.ts';
import { startEmbeddedPostgres, stopEmbeddedPostgres } from '../../../src/store/embedded/launcher.ts';
import type { EmbeddedOptions, EmbeddedServer } from '../../../src/store/embedded/launcher.ts';
import { processLives } from '../../../src/store/embedded/postmaster.ts';
import { sharedStateFolder } from '../../../src/store/embedded/privilege.ts';
import { testRunner } from '../../fixtures/process-runner.ts';

let root: string;
const folders: string[] = [];

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'elulmc-launch-'));
});
afterAll(async () => {
  for (const folder of folders) await stopEmbeddedPostgres(join(folder, 'data'), testRunner);
  rmSync(root, { recursive: true, force: true });
});

function optionsIn(name: string): EmbeddedOptions {
  const folder = join(root, name);
  folders.push(folder);
  return { dataDirectory: join(folder, 'data'), passwordFile: join(folder, 'password'), logFile: join(folder, 'log'), runner: testRunner };
}

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>(text);
    return rows;
  } finally {
    await client.end();
  }
}

async function gone(pid: number): Promise<void> {
  while (processLives(pid)) await sleep(20);
}

describe('what cannot start says why', () => {
  test('a password that others can read', async () => {
    const options = optionsIn('readable');
    mkdirSync(join(root, 'readable'));
    writeFileSync(options.passwordFile, 'secret');
    chmodSync(options.passwordFile, 0o644);
    await expect(startEmbeddedPostgres(options)).rejects.toMatchObject({ code: 'KEY_FILE_UNSAFE' });
    expect(existsSync(options.dataDirectory)).toBe(false);
  });

  test('a folder with something else in it, which stays', async () => {
    const options = optionsIn('foreign');
    mkdirSync(options.dataDirectory, { recursive: true });
    writeFileSync(join(options.dataDirectory, 'thesis.txt'), 'the only copy');
    await expect(startEmbeddedPostgres(options)).rejects.toMatchObject({ code: 'START_FAILED', message: expect.stringContaining('move them away') as string });
    expect(readdirSync(options.dataDirectory)).toEqual(['thesis.txt']);
  });

  test('initdb fails: nothing is left behind', async () => {
    const options = optionsIn('full');
    const runner = {
      ...testRunner,
      run: (argv: readonly string[], limits: Parameters<typeof testRunner.run>[1]) =>
        argv.some((word) => word.endsWith('/initdb'))
          ? Promise.resolve({ code: 1, stdout: '', stderr: 'No space left on device' })
          : testRunner.run(argv, limits),
    };
    await expect(startEmbeddedPostgres({ ...options, runner })).rejects.toMatchObject({
      code: 'START_FAILED',
      message: expect.stringContaining('No space left') as string,
    });
    expect(readdirSync(join(root, 'full'))).toEqual(['password']);
  });

  test('stopping what does not exist is nothing', async () => {
    await stopEmbeddedPostgres(join(root, 'nothing', 'data'), testRunner);
  });
});

describe('a server', { timeout: 120_000 }, () => {
  let options: EmbeddedOptions;
  let first: EmbeddedServer;

  beforeAll(async () => {
    options = optionsIn('main');
    first = await startEmbeddedPostgres(options);
  }, 120_000);

  test('starts private: password 0600, no socket file, loopback, the right data', async () => {
    expect(first.attached).toBe(false);
    expect(statSync(options.passwordFile).mode & 0o777).toBe(0o600);
    expect(await query(first.url, 'show unix_socket_directories')).toEqual([{ unix_socket_directories: '' }]);
    expect(await query(first.url, 'show listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }]);
    expect(await query(first.url, 'show fsync')).toEqual([{ fsync: 'on' }]);
    expect(await query(first.url, 'show data_checksums')).toEqual([{ data_checksums: 'on' }]);
    const wrong = new URL(first.url);
    wrong.password = 'wrong';
    await expect(query(wrong.href, 'select 1')).rejects.toThrow('password authentication failed');
    expect(readFileSync(options.logFile, 'utf8')).not.toContain(readFileSync(options.passwordFile, 'utf8'));
  });

  test('is attached to by the next one', async () => {
    expect(await startEmbeddedPostgres(options)).toEqual({ ...first, attached: true });
  });

  test('comes back after kill -9 with everything that was committed', async () => {
    await query(first.url, 'create table kept (n int)');
    await query(first.url, 'insert into kept values (1)');
    process.kill(first.pid, 'SIGKILL');
    await gone(first.pid);
    const second = await startEmbeddedPostgres(options);
    expect(second.attached).toBe(false);
    expect(await query(second.url, 'select n from kept')).toEqual([{ n: 1 }]);
    first = second;
  });

  test('comes back when a stranger runs under the old process id', async () => {
    process.kill(first.pid, 'SIGKILL');
    await gone(first.pid);
    const pidFile = join(options.dataDirectory, 'postmaster.pid');
    writeFileSync(pidFile, readFileSync(pidFile, 'utf8').replace(String(first.pid), String(process.pid)));
    const again = await startEmbeddedPostgres(options);
    expect(again.attached).toBe(false);
    first = again;
  });

  test('takes the lock of a dead process over', async () => {
    writeFileSync(`${options.dataDirectory}.lock`, JSON.stringify({ host: hostname(), boot: '', pid: 2_000_000_000, started: '1' }));
    expect(await startEmbeddedPostgres(options)).toMatchObject({ pid: first.pid, attached: true });
    expect(existsSync(`${options.dataDirectory}.lock`)).toBe(false);
  });

  test('four processes racing for a stopped server get the same one', async () => {
    await stopEmbeddedPostgres(options.dataDirectory, testRunner);
    await gone(first.pid);
    const racers = await Promise.all(Array.from({ length: 4 }, () => startAs(undefined, join(root, 'main'))));
    expect(new Set(racers.map(({ pid }) => pid)).size).toBe(1);
    expect(racers.filter(({ attached }) => !attached)).toHaveLength(1);
    expect(await query(racers[0]?.url ?? '', 'select n from kept')).toEqual([{ n: 1 }]);
  });
});

/** Runs the launcher in a process of its own as an account, and returns what it printed. */
async function startAs(account: { uid: number; gid: number } | undefined, folder: string): Promise<EmbeddedServer> {
  const script = join(import.meta.dirname, '../../fixtures/start-postgres.ts');
  const child = spawn(process.execPath, [script, folder], { ...account, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  child.stdout.on('data', (bytes: Buffer) => (output += bytes.toString()));
  child.stderr.on('data', (bytes: Buffer) => (errors += bytes.toString()));
  const code = await new Promise((done) => child.once('close', done));
  if (code !== 0) throw new Error(`${String(code)}: ${errors}`);
  return JSON.parse(output) as EmbeddedServer;
}

describe.skipIf(process.getuid?.() !== 0)('accounts', { timeout: 180_000 }, () => {
  test('root starts it below a folder of mode 0700; it outlives the process that started it', async () => {
    const folder = join(root, 'as-root');
    folders.push(folder);
    mkdirSync(folder, { mode: 0o700 });
    const { pid, url } = await startAs(undefined, folder);
    expect(processLives(pid)).toBe(true);
    expect(statSync(join(folder, 'data')).uid).toBe(0);
    expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  test('root where user namespaces are forbidden: another account runs it, and attaching still works', async () => {
    const options = optionsIn('no-namespaces');
    const runner = {
      ...testRunner,
      run: (argv: readonly string[], limits: Parameters<typeof testRunner.run>[1]) =>
        argv[0] === 'unshare' ? Promise.resolve({ code: 1, stdout: '', stderr: 'Operation not permitted' }) : testRunner.run(argv, limits),
    };
    const started = await startEmbeddedPostgres({ ...options, runner });
    try {
      expect(statSync(options.dataDirectory).uid).not.toBe(0);
      expect(await startEmbeddedPostgres(options)).toEqual({ ...started, attached: true });
      await stopEmbeddedPostgres(options.dataDirectory, testRunner);
      const again = await startEmbeddedPostgres(options);
      expect(again.attached).toBe(false);
    } finally {
      await stopEmbeddedPostgres(options.dataDirectory, testRunner);
      rmSync(sharedStateFolder(options.dataDirectory), { recursive: true, force: true });
    }
  });

  test('an ordinary user starts it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'elulmc-nobody-'));
    try {
      chownSync(folder, 65534, 65534);
      const { pid, url } = await startAs({ uid: 65534, gid: 65534 }, folder);
      expect(statSync(`/proc/${String(pid)}`).uid).toBe(65534);
      expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }]);
      await stopEmbeddedPostgres(join(folder, 'data'), testRunner);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
