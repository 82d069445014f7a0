import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConnection } from 'node:net';

export const HAS_SWTPM = ['swtpm', 'swtpm_setup', 'tpm2_quote'].every((program) => spawnSync(program, ['--version']).error === undefined);

const PATIENCE_MS = 20_000;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}

/** A TPM 2.0 in software, with an attestation key that it keeps. */
export interface SoftwareTpm {
  readonly tcti: string;
  readonly folder: string;
  /** Runs a program of tpm2-tools; files are relative to `folder`. Throws with what it said when it fails. */
  tool(program: string, ...words: readonly string[]): string;
  /** Name of the key at a handle, hexadecimal. */
  nameOf(handle: string): string;
  stop(): Promise<void>;
}

/** Swtpm listens on two ports, the second for its control channel, which tpm2-tools expect one above the first. */
async function twoPorts(): Promise<number> {
  for (;;) {
    const port = await freePort();
    if (port < 65_000 && !(await answers(port + 1))) return port;
  }
}

export async function startSoftwareTpm(): Promise<SoftwareTpm> {
  const folder = mkdtempSync(join(tmpdir(), 'elulmc-swtpm-'));
  const state = join(folder, 'state');
  mkdirSync(state);
  const runAs = process.getuid?.() === 0 ? ['--runas', 'root'] : [];
  const made = spawnSync('swtpm_setup', ['--tpm2', '--tpmstate', state, '--overwrite', ...runAs], { encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`swtpm_setup: ${made.stdout}${made.stderr}`);
  const port = await twoPorts();
  const at = (number: number): string => `type=tcp,port=${String(number)},bindaddr=127.0.0.1`;
  const words = ['socket', '--tpm2', '--tpmstate', `dir=${state}`, '--server', at(port), '--ctrl', at(port + 1), '--flags', 'not-need-init,startup-clear'];
  const child: ChildProcess = spawn('swtpm', words, { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) =>
    child.once('exit', () => {
      resolve();
    }),
  );
  const tcti = `swtpm:host=127.0.0.1,port=${String(port)}`;
  const tool = (program: string, ...given: readonly string[]): string => {
    const { status, stdout, stderr } = spawnSync(program, ['--tcti', tcti, ...given], { cwd: folder, encoding: 'utf8' });
    if (status !== 0) throw new Error(`${program} ${given.join(' ')}: ${stderr}`);
    // It has few places for keys that are loaded.
    if (program !== 'tpm2_flushcontext') spawnSync('tpm2_flushcontext', ['--tcti', tcti, '-t'], { cwd: folder });
    return stdout;
  };
  const begun = Date.now();
  // Only the control channel may be tried: each connection to the other one counts as a command's.
  while (!(await answers(port + 1))) {
    if (Date.now() - begun > PATIENCE_MS || child.exitCode !== null) throw new Error('swtpm did not start');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return {
    tcti,
    folder,
    tool,
    nameOf: (handle) => {
      tool('tpm2_readpublic', '-c', handle, '-n', 'name.bin');
      return readFileSync(join(folder, 'name.bin')).toString('hex');
    },
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true });
    },
  };
}
