import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { monotonicMs, sleep } from '../../src/core/clock.ts';
import { runToEnd, startChild, stopTree } from './child.ts';

/** Streams that the mock has seen. `aborted`: its connection was closed while the stream was open. */
export interface MockStats {
  readonly started: number;
  readonly finished: number;
  readonly aborted: number;
  readonly active: number;
}

/** The running mock-upstream.c. */
export interface MockUpstream {
  /** `http://127.0.0.1:PORT`. */
  readonly origin: string;
  readonly port: number;
  stats(): Promise<MockStats>;
  /** Pause between two events of a stream from now on; 0 = as fast as possible. */
  pace(ms: number): Promise<void>;
  /** Resolves when no stream is open; throws after 20 s. */
  settle(): Promise<void>;
}

const SETTLE_LIMIT_MS = 20_000;

/** Compiles the mock into `folder` and starts it; `stack` stops it. */
export async function startMockUpstream(folder: string, stack: AsyncDisposableStack): Promise<MockUpstream> {
  const program = join(folder, 'mock-upstream');
  const sources = ['mock-upstream.c', 'mock-answers.c'].map((name) => fileURLToPath(new URL(name, import.meta.url)));
  await runToEnd('cc', ['-O2', '-o', program, ...sources], 60_000);
  const child = startChild(program, []);
  stack.defer(() => stopTree(child, 'SIGTERM', 1000));
  if (child.process.stdout === null) throw new Error('the mock has no stdout');
  const [line] = (await once(createInterface(child.process.stdout), 'line')) as [string];
  const port = Number(line);
  const origin = `http://127.0.0.1:${String(port)}`;

  const stats = async (): Promise<MockStats> => (await (await fetch(`${origin}/stats`)).json()) as MockStats;
  return {
    origin,
    port,
    stats,
    pace: async (ms) => {
      await (await fetch(`${origin}/pace/${String(ms)}`, { method: 'POST' })).arrayBuffer();
    },
    settle: async () => {
      const deadline = monotonicMs() + SETTLE_LIMIT_MS;
      while ((await stats()).active > 0) {
        if (monotonicMs() > deadline) throw new Error(`streams are still open after ${String(SETTLE_LIMIT_MS)} ms`);
        await sleep(20);
      }
    },
  };
}
