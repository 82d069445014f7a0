import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { runToEnd } from './child.ts';
import { bodyOf, headersOf } from './requests.ts';
import type { Mode } from './requests.ts';
import type { Target } from './target.ts';

/** One run of wrk. */
export interface WrkResult {
  /** Complete answers, error answers included. */
  readonly requests: number;
  readonly seconds: number;
  readonly p50Us: number;
  readonly p99Us: number;
  /** What went wrong, empty when nothing did: wrk counts an error answer as a request, so any error voids the run. */
  readonly errors: string;
}

export interface Load {
  readonly connections: number;
  readonly seconds: number;
}

const MARK = 'BENCH ';

const summary = z.object({
  requests: z.number(),
  durationUs: z.number(),
  connect: z.number(),
  read: z.number(),
  write: z.number(),
  status: z.number(),
  timeout: z.number(),
  p50Us: z.number(),
  p99Us: z.number(),
});

/** The Lua script of one target and mode. JSON strings of ASCII are Lua strings as well. */
export function postScript(mode: Mode, headers: Readonly<Record<string, string>>): string {
  const lines = Object.entries(headers).map(([name, value]) => `wrk.headers[${JSON.stringify(name)}] = ${JSON.stringify(value)}`);
  return `wrk.method = "POST"
wrk.body = ${JSON.stringify(bodyOf(mode))}
${lines.join('\n')}
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    '${MARK}{"requests":%d,"durationUs":%d,"connect":%d,"read":%d,"write":%d,"status":%d,"timeout":%d,"p50Us":%d,"p99Us":%d}\\n',
    summary.requests, summary.duration, e.connect, e.read, e.write, e.status, e.timeout,
    latency:percentile(50), latency:percentile(99)))
end
`;
}

/** Reads the line that `done` of the script printed. Throws when it is not there. */
export function parseWrkOutput(output: string): WrkResult {
  const line = output.split('\n').find((text) => text.startsWith(MARK));
  if (line === undefined) throw new Error(`wrk printed no result: ${output.slice(0, 500)}`);
  const found = summary.parse(JSON.parse(line.slice(MARK.length)));
  const errors = (['status', 'connect', 'read', 'write', 'timeout'] as const)
    .filter((kind) => found[kind] > 0)
    .map((kind) => `${String(found[kind])} ${kind} error${found[kind] === 1 ? '' : 's'}`);
  if (found.requests === 0) errors.push('no answer');
  return { requests: found.requests, seconds: found.durationUs / 1e6, p50Us: found.p50Us, p99Us: found.p99Us, errors: errors.join(', ') };
}

/** One thread of wrk against one target. */
export async function runWrk(target: Target, mockOrigin: string, mode: Mode, load: Load, scratch: string): Promise<WrkResult> {
  const script = join(scratch, 'post.lua');
  writeFileSync(script, postScript(mode, headersOf(target, mockOrigin)));
  // wrk counts a slow answer as an error after its timeout (2 s by default); here slowness is measured, not an error.
  const args = ['-t1', '--timeout', '10s', `-c${String(load.connections)}`, `-d${String(load.seconds)}s`, '-s', script, `${target.url}/chat/completions`];
  return parseWrkOutput(await runToEnd('wrk', args, load.seconds * 1000 + 30_000));
}
