import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { runDisconnects } from './gateway/disconnects.ts';
import { startElulmc } from './gateway/elulmc-target.ts';
import { measureIdleStreams } from './gateway/idle-streams.ts';
import { runLoadRounds } from './gateway/load-rounds.ts';
import { startMockUpstream } from './gateway/mock-upstream.ts';
import type { MockUpstream } from './gateway/mock-upstream.ts';
import { startNginx } from './gateway/nginx-target.ts';
import { runPacedRounds } from './gateway/paced-streams.ts';
import { startPortkey } from './gateway/portkey-target.ts';
import { installHint, missingPrograms, versionOf } from './gateway/programs.ts';
import type { Program } from './gateway/programs.ts';
import { writeReport } from './gateway/report.ts';
import type { Findings } from './gateway/report.ts';
import { checkAnswers } from './gateway/requests.ts';
import { ANY_KEY } from './gateway/target.ts';
import type { Target } from './gateway/target.ts';

const PLANS = {
  full: { load: { rounds: 3, seconds: 5, warmUpSeconds: 10 }, alone: { rounds: 3, seconds: 2 }, paced: { rounds: 2, seconds: 5 } },
  quick: { load: { rounds: 1, seconds: 3, warmUpSeconds: 1 }, alone: { rounds: 1, seconds: 1 }, paced: { rounds: 1, seconds: 2 } },
} as const;
const CONNECTIONS = 32;
const REASON_MAX = 400;

function progress(text: string): void {
  process.stderr.write(`bench gateway: ${text}\n`);
}

async function startOurs(mock: MockUpstream, stack: AsyncDisposableStack): Promise<Target> {
  const running = await startElulmc(mock.origin, stack);
  const workers = running.pids.slice(1);
  const target: Target = { ...running, name: 'ELULMC', workers, version: `ELULMC of this checkout with ${String(workers.length)} workers` };
  await checkAnswers(target, mock.origin);
  return target;
}

/** Starts what can be started; what cannot is named in `missing`. `stack` stops them, also those that failed. */
async function startTargets(
  mock: MockUpstream,
  scratch: string,
  lacking: readonly Program[],
  stack: AsyncDisposableStack,
  missing: string[],
): Promise<Target[]> {
  const direct: Target = {
    name: 'direct',
    url: `${mock.origin}/v1`,
    apiKey: ANY_KEY,
    pids: [],
    workers: [],
    otherPids: [],
    version: `Node ${process.version}`,
  };
  const targets = [direct];
  const starts: [string, () => Promise<Target>][] = [
    ['Portkey', () => startPortkey(mock, scratch, stack)],
    ['ELULMC', () => startOurs(mock, stack)],
  ];
  if (!lacking.includes('nginx')) starts.unshift(['nginx', async () => startNginx(mock, scratch, await versionOf('nginx'), stack)]);
  for (const [name, start] of starts) {
    progress(`starting ${name}`);
    try {
      targets.push(await start());
    } catch (error) {
      missing.push(`${name}: ${error instanceof Error ? error.message : String(error)}`.replaceAll(/\s+/g, ' ').slice(0, REASON_MAX));
    }
  }
  return targets;
}

/** A signal ends the benchmark only after everything that it started has been stopped. */
function stopOnSignal(stack: AsyncDisposableStack): void {
  const stop = (signal: NodeJS.Signals): void => {
    void stack.disposeAsync().finally(() => process.exit(signal === 'SIGINT' ? 130 : 143));
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  stack.defer(() => {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  });
}

async function measure(
  targets: readonly Target[],
  mock: MockUpstream,
  scratch: string,
  lacking: readonly Program[],
  words: readonly string[],
): Promise<Omit<Findings, 'command' | 'versions' | 'missing' | 'loadBefore'>> {
  const { load, alone, paced } = words.includes('quick') ? PLANS.quick : PLANS.full;
  const plan = { ...load, connections: CONNECTIONS };
  const hasWrk = !lacking.includes('wrk');
  if (hasWrk) progress('JSON under load');
  const json = hasWrk ? await runLoadRounds(targets, mock, 'json', plan, scratch) : [];
  if (hasWrk) progress('JSON, one request at a time');
  const single = hasWrk ? await runLoadRounds(targets, mock, 'json', { ...alone, connections: 1, warmUpSeconds: 0 }, scratch) : [];
  if (hasWrk) progress('SSE under load');
  const sse = hasWrk ? await runLoadRounds(targets, mock, 'sse', plan, scratch) : [];
  progress('paced streams');
  const pacedRows = await runPacedRounds(targets, mock, paced);
  progress('clients leave');
  const disconnects = await runDisconnects(targets, mock);
  const ours = words.includes('idle') ? targets.find((target) => target.name === 'ELULMC') : undefined;
  if (ours !== undefined) progress('idle streams');
  const idle = ours === undefined ? null : await measureIdleStreams(ours, mock);
  return { plan, json, sse, alone: single, paced: pacedRows, disconnects, idle };
}

/**
 * Compares the gateway with nginx (plain proxy), Portkey and no proxy at all, in one run on this machine (Linux). Gives Markdown.
 * Progress goes to stderr. The word `quick` runs it in less than two minutes; the word `idle` adds the memory of 10,000 idle streams. What cannot run (a program
 * that is not installed, a target that does not start) is named in the result; without a C compiler nothing can be measured.
 */
export async function runGatewayBench(words: readonly string[] = []): Promise<string> {
  const unknown = words.find((word) => word !== 'quick' && word !== 'idle');
  if (unknown !== undefined) throw new Error(`npm run bench gateway takes the words quick and idle, not ${unknown}`);
  const [loadBefore = Number.NaN] = loadavg();
  const lacking = missingPrograms();
  const missing = lacking.length > 0 ? [installHint(lacking)] : [];
  if (lacking.includes('cc')) return `## Gateway\n\n**Not run:** ${installHint(lacking)}\n`;
  await using stack = new AsyncDisposableStack();
  stopOnSignal(stack);
  const scratch = mkdtempSync(join(tmpdir(), 'elulmc-bench-gateway-'));
  stack.defer(() => {
    rmSync(scratch, { recursive: true, force: true });
  });
  const mock = await startMockUpstream(scratch, stack);
  const targets = await startTargets(mock, scratch, lacking, stack, missing);
  const measured = await measure(targets, mock, scratch, lacking, words);
  const versions = [...targets.map((target) => target.version), ...(lacking.includes('wrk') ? [] : [await versionOf('wrk')]), await versionOf('cc')];
  return writeReport({ ...measured, command: ['npm run bench gateway', ...words].join(' '), versions, missing, loadBefore });
}
