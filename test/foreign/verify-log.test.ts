import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatVerifierKey } from '../../src/ledger/verify/note-key.ts';
import { openTestLog, logOptions, makeLog, newSigner, temporaryFolder, testEntry } from '../ledger/support.ts';

/** Debian: golang-go and golang-golang-x-mod-dev. */
const GO_PATH = '/usr/share/gocode';
const hasGo = spawnSync('go', ['version']).status === 0 && existsSync(join(GO_PATH, 'src/golang.org/x/mod/sumdb/tlog'));

describe.skipIf(!hasGo)('a program that is not ours (skipped without golang-go and golang-golang-x-mod-dev)', { timeout: 240_000 }, () => {
  let folder = '';
  let program = '';

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'elulmc-foreign-'));
    program = join(folder, 'verify-log');
    const source = join(import.meta.dirname, 'verify-log.go');
    const env = { ...process.env, GO111MODULE: 'off', GOPATH: GO_PATH, GOCACHE: join(folder, 'cache'), GOFLAGS: '' };
    const built = spawnSync('go', ['build', '-o', program, source], { encoding: 'utf8', env });
    if (built.status !== 0) throw new Error(built.stderr);
  }, 240_000);

  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  function verify(...args: string[]): { status: number | null; stdout: string; stderr: string } {
    const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
    return { status, stdout, stderr };
  }

  test.each([0, 1, 300, 65_536, 70_000])('verifies a log of %d entries', async (size) => {
    const directory = join(temporaryFolder(), 'log');
    const key = await makeLog(directory, size);
    const root = readFileSync(join(directory, 'checkpoint'), 'utf8').split('\n')[2] ?? '';
    expect(verify(directory)).toEqual({ status: 0, stdout: `${String(size)} ${root}\n`, stderr: '' });
    expect(verify(directory, formatVerifierKey(key)).status).toBe(0);
    expect(verify(directory, formatVerifierKey(newSigner())).status).toBe(1);
  });

  test('verifies the folder of a log that is open', async () => {
    const options = logOptions(temporaryFolder());
    const log = await openTestLog(options);
    await Promise.all(Array.from({ length: 700 }, (_, i) => log.append(testEntry(String(i)))));
    await log.appendSigned(testEntry('last'));
    expect(verify(options.directory, log.vkey)).toEqual({ status: 0, stdout: `701 ${log.head().root}\n`, stderr: '' });
  });

  test.each(['checkpoint', 'tile/0/000', 'tile/0/001.p/44', 'tile/1/000.p/1', 'tile/entries/000', 'tile/entries/001.p/44'])(
    'refuses a log of which %s was changed, or is missing',
    async (path) => {
      const directory = join(temporaryFolder(), 'log');
      await makeLog(directory, 300);
      const file = join(directory, path);
      const bytes = readFileSync(file);
      bytes[20] = (bytes[20] ?? 0) ^ 1;
      writeFileSync(file, bytes);
      expect(verify(directory).status).toBe(1);
      rmSync(file);
      expect(verify(directory).status).toBe(1);
    },
  );
});
