import { readFileSync } from 'node:fs';
import { monotonicMs, sleep } from '../../src/core/clock.ts';
import type { MockUpstream } from './mock-upstream.ts';
import { pssOf } from './process-tree.ts';
import { openStream, streamRequest } from './stream-client.ts';
import type { Target } from './target.ts';

const IDLE = { streams: 10_000, paceMs: 10_000, perBatch: 100, batchEveryMs: 20, patienceMs: 60_000, restMs: 5000 } as const;

/** Memory of many streams that hardly flow. */
export interface IdleResult {
  readonly streams: number;
  /** Growth of the workers' proportional memory over the number of streams; sockets in the kernel are not in it. */
  readonly bytesPerStream: number;
  readonly errors: string;
}

/** Streams that the limit of open files allows: each takes two sockets in a gateway, here shared by its workers, and one in this process. */
export function idleStreamCount(limits: string, workers: number): number {
  const files = /^Max open files\s+\d+\s+(\d+)/m.exec(limits);
  const allowed = files === null ? IDLE.streams : Number(files[1]) - 1000;
  return Math.max(0, Math.min(IDLE.streams, allowed, Math.floor((allowed * workers) / 2)));
}

/** Opens up to 10,000 streams with a chunk every 10 s and weighs the workers before and with them. */
export async function measureIdleStreams(target: Target, mock: MockUpstream): Promise<IdleResult> {
  const count = idleStreamCount(readFileSync('/proc/self/limits', 'utf8'), target.workers.length);
  const weigh = (): number => pssOf(target.workers).reduce((sum, bytes) => sum + bytes, 0);
  const request = streamRequest(target, mock.origin);
  const failures = new Set<string>();
  const flowing = new Set<number>();
  await mock.pace(IDLE.paceMs);
  const before = weigh();
  const sockets = [];
  for (let index = 0; index < count; index++) {
    const events = {
      onStamps: (stamps: readonly bigint[]) => {
        if (stamps.length > 0) flowing.add(index);
      },
      onFailed: (reason: string) => {
        failures.add(reason);
      },
      onEnd: () => {
        failures.add('a stream ended early');
      },
    };
    sockets.push(openStream(target, request, events));
    if (index % IDLE.perBatch === 0) await sleep(IDLE.batchEveryMs);
  }
  const deadline = monotonicMs() + IDLE.patienceMs;
  while (flowing.size < count && failures.size === 0 && monotonicMs() < deadline) await sleep(100);
  await sleep(IDLE.restMs);
  const grown = weigh() - before;
  if (flowing.size < count) failures.add(`only ${String(flowing.size)} of ${String(count)} streams were flowing`);
  for (const socket of sockets) socket.destroy();
  await mock.pace(0);
  await mock.settle();
  return { streams: count, bytesPerStream: grown / count, errors: [...failures].join('; ') };
}
