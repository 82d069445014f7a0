import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

export interface OpensslRun {
  /** Milliseconds of CPU, user and system. */
  readonly cpuMs: number;
  readonly wallMs: number;
  /** Lower-case hex. */
  readonly digest: string;
}

/** `times` of a shell: the second line is the time of its children, user then system, as 0m1.230000s. */
function parseTimes(output: string): number {
  const line = output.trim().split('\n').at(-1) ?? '';
  const parts = [...line.matchAll(/(\d+)m([\d.]+)s/g)].map(([, minutes, seconds]) => Number(minutes) * 60_000 + Number(seconds) * 1000);
  if (parts.length !== 2) throw new Error(`no times in ${JSON.stringify(output)}`);
  return parts.reduce((sum, ms) => sum + ms, 0);
}

/** SHA-256 of files by the command line, all in one process; rejects when openssl is not installed. `digest` is that of the first one. */
export async function opensslSha256(files: readonly string[]): Promise<OpensslRun> {
  const before = performance.now();
  const shell = spawn('/bin/sh', ['-c', 'openssl dgst -sha256 -r "$@"; times', 'sh', ...files], { stdio: ['ignore', 'pipe', 'pipe'] });
  const [output, errors] = await Promise.all([text(shell.stdout), text(shell.stderr), once(shell, 'close')]);
  const wallMs = performance.now() - before;
  const digest = /^[0-9a-f]{64}/.exec(output)?.[0];
  if (digest === undefined) throw new Error(`openssl dgst: ${errors || output}`);
  return { cpuMs: parseTimes(output), wallMs, digest };
}

/** First line of `openssl version`. */
export async function opensslVersion(): Promise<string> {
  const child = spawn('openssl', ['version'], { stdio: ['ignore', 'pipe', 'ignore'] });
  const [output] = await Promise.all([text(child.stdout), once(child, 'close')]);
  return output.trim();
}
