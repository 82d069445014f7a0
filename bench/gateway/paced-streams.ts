import type { Socket } from 'node:net';
import { sleep } from '../../src/core/clock.ts';
import type { MockUpstream } from './mock-upstream.ts';
import { pssOf, treeOf, useOf } from './process-tree.ts';
import { median, percentile } from './statistics.ts';
import { machineClockNs, openStream, streamRequest } from './stream-client.ts';
import type { Target } from './target.ts';

export const PACED = { streams: 100, paceMs: 20, openEveryMs: 7, dropMs: 1500 } as const;

/** Medians over the rounds of one target at 100 paced streams; `errors` not empty = void. */
export interface PacedRow {
  readonly target: string;
  readonly lagP50Us: number;
  readonly lagP99Us: number;
  /** Above `direct` of the same round; NaN for `direct` itself. */
  readonly addedP50Us: number;
  readonly addedP99Us: number;
  readonly firstTokenP50Us: number;
  readonly cpuUsPerChunk: number;
  readonly chunks: number;
  /** Whole tree. */
  readonly pssBytes: number;
  /** Largest worker; the only process of targets without workers. */
  readonly workerPssBytes: number;
  readonly errors: string;
}

type Round = Omit<PacedRow, 'target' | 'addedP50Us' | 'addedP99Us'>;

/** A number of streams that are opened again as often as they end. */
class StreamCrowd {
  readonly lagsUs: number[] = [];
  readonly firstTokensUs: number[] = [];
  readonly failures = new Set<string>();
  #measuring = false;
  #stopped = false;
  readonly #sockets = new Set<Socket>();
  readonly #target: Target;
  readonly #request: string;

  constructor(target: Target, mockOrigin: string) {
    this.#target = target;
    this.#request = streamRequest(target, mockOrigin);
  }

  open(): void {
    const openedAt = machineClockNs();
    let waitsForFirst = true;
    const again = (): void => {
      this.#sockets.delete(socket);
      if (!this.#stopped) this.open();
    };
    const socket = openStream(this.#target, this.#request, {
      onStamps: (stamps) => {
        if (!this.#measuring || stamps.length === 0) return;
        const now = machineClockNs();
        if (waitsForFirst) this.firstTokensUs.push(Number(now - openedAt) / 1000);
        waitsForFirst = false;
        for (const stamp of stamps) this.lagsUs.push(Number(now - stamp) / 1000);
      },
      onFailed: (reason) => {
        if (!this.#stopped) this.failures.add(reason);
        this.#sockets.delete(socket);
      },
      onEnd: again,
    });
    this.#sockets.add(socket);
  }

  measure(): void {
    this.#measuring = true;
  }

  stop(): void {
    this.#stopped = true;
    for (const socket of this.#sockets) socket.destroy();
  }
}

async function runRound(target: Target, mock: MockUpstream, seconds: number): Promise<Round> {
  const crowd = new StreamCrowd(target, mock.origin);
  for (let opened = 0; opened < PACED.streams; opened++) {
    crowd.open();
    await sleep(PACED.openEveryMs);
  }
  await sleep(PACED.dropMs);
  const before = useOf(treeOf(target.pids));
  crowd.measure();
  await sleep(seconds * 1000);
  const after = useOf(treeOf(target.pids));
  const tree = treeOf(target.pids);
  const pss = pssOf(tree);
  const workerPss = target.workers.length > 0 ? pssOf(target.workers) : pss;
  crowd.stop();
  await mock.settle();
  const { lagsUs, firstTokensUs, failures } = crowd;
  return {
    lagP50Us: percentile(lagsUs, 0.5),
    lagP99Us: percentile(lagsUs, 0.99),
    firstTokenP50Us: percentile(firstTokensUs, 0.5),
    cpuUsPerChunk: (after.cpuUs - before.cpuUs) / Math.max(1, lagsUs.length),
    chunks: lagsUs.length,
    pssBytes: pss.reduce((sum, bytes) => sum + bytes, 0),
    workerPssBytes: Math.max(0, ...workerPss),
    errors: lagsUs.length === 0 ? 'no chunk arrived' : [...failures].join('; '),
  };
}

function rowOf(target: Target, rounds: readonly Round[], direct: readonly Round[]): PacedRow {
  const middle = (of: (round: Round, index: number) => number): number => median(rounds.map(of));
  const added = (of: (round: Round) => number): number =>
    target.pids.length === 0 ? Number.NaN : middle((round, index) => of(round) - (direct[index] === undefined ? Number.NaN : of(direct[index])));
  return {
    target: target.name,
    lagP50Us: middle((round) => round.lagP50Us),
    lagP99Us: middle((round) => round.lagP99Us),
    addedP50Us: added((round) => round.lagP50Us),
    addedP99Us: added((round) => round.lagP99Us),
    firstTokenP50Us: middle((round) => round.firstTokenP50Us),
    cpuUsPerChunk: middle((round) => round.cpuUsPerChunk),
    chunks: middle((round) => round.chunks),
    pssBytes: middle((round) => round.pssBytes),
    workerPssBytes: middle((round) => round.workerPssBytes),
    errors: [...new Set(rounds.map((round) => round.errors).filter(Boolean))].join('; '),
  };
}

/** The strict form of the stream test: chunks arrive one by one, so no proxy can save work by joining them. `targets[0]` is `direct`. */
export async function runPacedRounds(targets: readonly Target[], mock: MockUpstream, plan: { rounds: number; seconds: number }): Promise<PacedRow[]> {
  await mock.pace(PACED.paceMs);
  const rounds = targets.map((): Round[] => []);
  for (let round = 0; round < plan.rounds; round++) {
    for (const [index, target] of targets.entries()) rounds[index]?.push(await runRound(target, mock, plan.seconds));
  }
  await mock.pace(0);
  return targets.map((target, index) => rowOf(target, rounds[index] ?? [], rounds[0] ?? []));
}
