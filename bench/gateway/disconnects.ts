import { monotonicMs, sleep } from '../../src/core/clock.ts';
import type { MockUpstream } from './mock-upstream.ts';
import { openStream, streamRequest } from './stream-client.ts';
import type { Target } from './target.ts';

/** The clients leave `afterMs` after the start, later (up to `patienceMs`) if some stream does not flow yet. */
export const DISCONNECT = { streams: 20, paceMs: 20, afterMs: 400, patienceMs: 1000, limitMs: 300 } as const;

/** What became of the upstream streams when all clients left. */
export interface DisconnectRow {
  readonly target: string;
  /** Streams aborted upstream within the limit. */
  readonly aborted: number;
  /** From the clients' close to the last of these aborts as seen by polling the mock, in ms. NaN when there was none. */
  readonly lastAfterMs: number;
  readonly errors: string;
}

async function disconnectFrom(target: Target, mock: MockUpstream): Promise<DisconnectRow> {
  const before = await mock.stats();
  const request = streamRequest(target, mock.origin);
  let flowing = 0;
  const failures = new Set<string>();
  const sockets = Array.from({ length: DISCONNECT.streams }, () => {
    let isFirst = true;
    return openStream(target, request, {
      onStamps: (stamps) => {
        if (isFirst && stamps.length > 0) flowing++;
        if (stamps.length > 0) isFirst = false;
      },
      onFailed: (reason) => failures.add(reason),
      onEnd: () => failures.add('a stream ended before its client left'),
    });
  });
  const openedAt = monotonicMs();
  await sleep(DISCONNECT.afterMs);
  while (flowing < DISCONNECT.streams && monotonicMs() - openedAt < DISCONNECT.patienceMs) await sleep(5);
  if (flowing < DISCONNECT.streams) failures.add(`only ${String(flowing)} of ${String(DISCONNECT.streams)} streams were flowing`);
  const leftAt = monotonicMs();
  for (const socket of sockets) socket.destroy();
  let aborted = 0;
  let lastAfterMs = Number.NaN;
  while (monotonicMs() - leftAt < DISCONNECT.limitMs && aborted < DISCONNECT.streams) {
    const now = (await mock.stats()).aborted - before.aborted;
    if (now > aborted) lastAfterMs = monotonicMs() - leftAt;
    aborted = now;
    await sleep(5);
  }
  // A target that goes on reading keeps its streams until their end.
  await mock.settle();
  return { target: target.name, aborted, lastAfterMs, errors: [...failures].join('; ') };
}

export async function runDisconnects(targets: readonly Target[], mock: MockUpstream): Promise<DisconnectRow[]> {
  await mock.pace(DISCONNECT.paceMs);
  const rows: DisconnectRow[] = [];
  for (const target of targets) rows.push(await disconnectFrom(target, mock));
  await mock.pace(0);
  return rows;
}
