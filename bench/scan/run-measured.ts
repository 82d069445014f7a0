import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Measured, What } from './measured-scan.ts';

/** One measurement in a process of its own. `cache` is the folder of compiled code; the first process fills it. */
export async function runMeasured(what: What, path: string, cache: string): Promise<Measured> {
  const script = fileURLToPath(new URL('./measured-scan.ts', import.meta.url));
  const child = spawn(process.execPath, [script, what, path, cache], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [output] = await Promise.all([text(child.stdout), once(child, 'close')]);
  return JSON.parse(output) as Measured;
}
