// node bench/scan/measured-scan.ts WHAT PATH: a process of its own for one measurement, which prints its figures as JSON.
import { createHash } from 'node:crypto';
import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

/** What a child measured. Times in milliseconds, of all its threads; memory in MiB, from its start on. */
export interface Measured {
  readonly cpuMs: number;
  readonly wallMs: number;
  readonly maxRssMib: number;
  readonly files: number;
  /** `clean`, or that of the worst file; null where nothing was scanned. */
  readonly verdict: string | null;
}

export type What = 'sha256' | 'scan' | 'headers-only';

const CHUNK = 1024 * 1024;

/** Node's own sha256 over every file, the way it is used everywhere: one buffer, one update for each read. */
function hashAll(path: string): { readonly files: number; readonly verdict: null } {
  const files = statSync(path).isDirectory() ? readdirSync(path).map((name) => join(path, name)) : [path];
  const buffer = Buffer.allocUnsafeSlow(CHUNK);
  for (const file of files) {
    const hash = createHash('sha256');
    const fd = openSync(file, 'r');
    for (let count = readSync(fd, buffer); count > 0; count = readSync(fd, buffer)) hash.update(buffer.subarray(0, count));
    closeSync(fd);
    hash.digest('hex');
  }
  return { files: files.length, verdict: null };
}

async function main(what: What, path: string, cache: string): Promise<Measured> {
  // As bin/entry.js does it.
  enableCompileCache(cache);
  const { scanFolder } = await import('../../src/artifacts/scan/scan-folder.ts');
  const cpu = process.cpuUsage();
  const started = performance.now();
  const result = what === 'sha256' ? hashAll(path) : await scanFolder(path, { headersOnly: what === 'headers-only' });
  const wallMs = performance.now() - started;
  const { user, system } = process.cpuUsage(cpu);
  const files = typeof result.files === 'number' ? result.files : result.files.length;
  return { cpuMs: (user + system) / 1000, wallMs, maxRssMib: process.resourceUsage().maxRSS / 1024, files, verdict: result.verdict };
}

const [what = '', path = '', cache = ''] = process.argv.slice(2);
console.log(JSON.stringify(await main(what as What, path, cache)));
