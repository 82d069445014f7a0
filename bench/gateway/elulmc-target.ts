import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { sleep } from '../../src/core/clock.ts';
import { startChild, stopTree } from './child.ts';
import type { Child } from './child.ts';
import { MODEL } from './requests.ts';

/** A running installation of this checkout: real gateway, real workers, authentication and durable ledger on. */
export interface Elulmc {
  /** Base URL of the gateway, ending in /v1. */
  readonly url: string;
  readonly apiKey: string;
  /** The gateway: the primary first, then its workers. */
  readonly pids: number[];
  /** Supervisor, control plane and PostgreSQL. */
  readonly otherPids: number[];
}

const READY_LIMIT_MS = 120_000;
const STOP_LIMIT_MS = 15_000;

const readyLine = z.object({
  ready: z.literal(true),
  gatewayUrl: z.url(),
  apiKey: z.string().min(1),
  pids: z.object({ supervisor: z.int(), control: z.int(), gateway: z.array(z.int()).min(2) }),
});

export type ReadyLine = z.infer<typeof readyLine>;

/** The line of `elulmc up --json` that says that the installation is ready, or null for any other line. */
export function parseReadyLine(line: string): ReadyLine | null {
  if (!line.startsWith('{')) return null;
  const parsed = readyLine.safeParse(JSON.parse(line));
  return parsed.success ? parsed.data : null;
}

function configuration(mockOrigin: string): string {
  return `upstreams:
  - { name: mock, url: "${mockOrigin}", engine: vllm }
routes:
  - { model: ${MODEL}, targets: [{ upstream: mock, model: ${MODEL}, weight: 1 }] }
gateway: { workers: 2 }
`;
}

/** Process id of the embedded PostgreSQL: the first line of its postmaster.pid, which lies in pg/ or one folder below. */
function postgresPid(home: string): number[] {
  const root = join(home, 'pg');
  try {
    const found = readdirSync(root, { recursive: true, encoding: 'utf8' }).find((name) => name.endsWith('postmaster.pid'));
    return found === undefined ? [] : [Number(readFileSync(join(root, found), 'utf8').split('\n')[0])];
  } catch {
    return [];
  }
}

async function untilReady(child: Child): Promise<ReadyLine> {
  if (child.process.stdout === null) throw new Error('elulmc has no stdout');
  const lines = createInterface(child.process.stdout);
  const found = (async (): Promise<ReadyLine> => {
    for await (const line of lines) {
      const ready = parseReadyLine(line);
      if (ready !== null) return ready;
    }
    throw new Error(`elulmc up ended before it was ready: ${child.said()}`);
  })();
  const late = new AbortController();
  const timeout = sleep(READY_LIMIT_MS, late.signal).then(() => {
    throw new Error(`elulmc up was not ready after ${String(READY_LIMIT_MS)} ms: ${child.said()}`);
  });
  timeout.catch(() => undefined);
  try {
    return await Promise.race([found, timeout]);
  } finally {
    late.abort();
    found.catch(() => undefined);
    child.process.stdout.resume();
  }
}

/** Starts `elulmc up` in a temporary home with the mock as its only upstream and no embedded engine. `stack` stops it and removes the home. */
export async function startElulmc(mockOrigin: string, stack: AsyncDisposableStack): Promise<Elulmc> {
  const home = mkdtempSync(join(tmpdir(), 'elulmc-bench-home-'));
  stack.defer(() => {
    rmSync(home, { recursive: true, force: true });
  });
  writeFileSync(join(home, 'config.yaml'), configuration(mockOrigin), { mode: 0o600 });
  const program = fileURLToPath(new URL('../../bin/elulmc', import.meta.url));
  const child = startChild(program, ['up', '--json'], { env: { ELULMC_HOME: home, ELULMC_GATEWAY_PORT: '0', ELULMC_CONTROL_PORT: '0' } });
  // PostgreSQL may outlive the others, so it is looked up before they go.
  stack.defer(() => stopTree(child, 'SIGINT', STOP_LIMIT_MS, postgresPid(home)));
  await once(child.process, 'spawn');
  const ready = await untilReady(child);
  return {
    url: ready.gatewayUrl,
    apiKey: ready.apiKey,
    pids: ready.pids.gateway,
    otherPids: [ready.pids.supervisor, ready.pids.control, ...postgresPid(home)],
  };
}
