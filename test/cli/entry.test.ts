import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { cliFixture } from './cli-fixture.ts';

const entry = fileURLToPath(new URL('../../bin/entry.js', import.meta.url));
const cli = cliFixture();
afterAll(() => {
  cli.remove();
});

function start(...argv: readonly string[]) {
  const child = spawn(process.execPath, [entry, ...argv], {
    env: { PATH: process.env['PATH'], ELULMC_HOME: cli.home.root },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => (said.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (said.err += chunk.toString()));
  return { child, said, ended: once(child, 'close').then(([code]) => code as number | null) };
}

test('the real program: usage error, 2', { timeout: 60_000 }, async () => {
  const { said, ended } = start('security', 'nothing');
  expect(await ended).toBe(2);
  expect(said.err).toContain('error USAGE');
});

test('Ctrl-C ends a call with 130 and says how to repeat it', { timeout: 60_000 }, async () => {
  const server = createServer(() => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cli.pointTo(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}`);
  const { child, said, ended } = start('deployment', 'activate-backup');
  await once(server, 'request');
  child.kill('SIGINT');
  expect(await ended).toBe(130);
  expect(said.err).toMatch(/error INTERRUPTED: .*--run-id run_/);
  server.closeAllConnections();
  server.close();
});

test('a reader that closes early ends nothing badly', { timeout: 60_000 }, async () => {
  const { child, said, ended } = start('--help');
  child.stdout.destroy();
  expect(await ended).toBe(0);
  expect(said.err).toBe('');
});
