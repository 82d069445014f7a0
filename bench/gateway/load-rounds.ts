import { sleep } from '../../src/core/clock.ts';
import type { MockUpstream } from './mock-upstream.ts';
import { cpuUsByThread, treeOf, useOf } from './process-tree.ts';
import type { Mode } from './requests.ts';
import { median } from './statistics.ts';
import type { Target } from './target.ts';
import { runWrk } from './wrk.ts';
import type { Load, WrkResult } from './wrk.ts';

export interface Plan extends Load {
  readonly rounds: number;
  /** Load on each target before the first round, not counted; 0 = none. */
  readonly warmUpSeconds: number;
}

/** Medians over the rounds of one target; `errors` not empty = the row is void. Costs are per request or stream. */
export interface LoadRow {
  readonly target: string;
  readonly perSecond: number;
  readonly cpuUs: number;
  /** Processes of the installation that serve no request. */
  readonly otherCpuUs: number;
  readonly readCalls: number;
  readonly p50Us: number;
  readonly p99Us: number;
  /** Share of the target's own CPU that each thread name used over all rounds, workers only, largest first. */
  readonly threads: readonly (readonly [name: string, share: number])[];
  readonly errors: string;
}

interface Round extends WrkResult {
  readonly cpuUs: number;
  readonly otherCpuUs: number;
  readonly readCalls: number;
}

/** What a target costs besides its own gateway processes. */
function otherPidsOf(target: Target): number[] {
  const own = new Set(treeOf(target.pids));
  return treeOf(target.otherPids).filter((pid) => !own.has(pid));
}

async function runRound(target: Target, mock: MockUpstream, mode: Mode, load: Load, scratch: string): Promise<Round> {
  const before = useOf(treeOf(target.pids));
  const otherBefore = useOf(otherPidsOf(target));
  const result = await runWrk(target, mock.origin, mode, load, scratch);
  await mock.settle();
  const after = useOf(treeOf(target.pids));
  const otherAfter = useOf(otherPidsOf(target));
  const per = 1 / Math.max(1, result.requests);
  return {
    ...result,
    cpuUs: (after.cpuUs - before.cpuUs) * per,
    otherCpuUs: (otherAfter.cpuUs - otherBefore.cpuUs) * per,
    readCalls: (after.readCalls - before.readCalls) * per,
  };
}

function threadShares(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): [string, number][] {
  const used = [...after].map(([name, us]): [string, number] => [name, us - (before.get(name) ?? 0)]);
  const total = used.reduce((sum, [, us]) => sum + us, 0);
  return used
    .filter(([, us]) => us > 0)
    .map(([name, us]): [string, number] => [name, us / total])
    .sort((a, b) => b[1] - a[1]);
}

function rowOf(target: Target, rounds: readonly Round[], threads: [string, number][]): LoadRow {
  const middle = (of: (round: Round) => number): number => median(rounds.map(of));
  return {
    target: target.name,
    perSecond: middle((round) => round.requests / round.seconds),
    cpuUs: middle((round) => round.cpuUs),
    otherCpuUs: middle((round) => round.otherCpuUs),
    readCalls: middle((round) => round.readCalls),
    p50Us: middle((round) => round.p50Us),
    p99Us: middle((round) => round.p99Us),
    threads,
    errors: [...new Set(rounds.map((round) => round.errors).filter(Boolean))].join('; '),
  };
}

/** Every round visits every target once, so that a slow minute of the machine meets all of them. */
export async function runLoadRounds(targets: readonly Target[], mock: MockUpstream, mode: Mode, plan: Plan, scratch: string): Promise<LoadRow[]> {
  await mock.pace(0);
  for (const target of plan.warmUpSeconds > 0 ? targets : []) {
    await runWrk(target, mock.origin, mode, { connections: plan.connections, seconds: plan.warmUpSeconds }, scratch);
    await mock.settle();
  }
  const threadsBefore = targets.map((target) => cpuUsByThread(target.workers));
  const rounds = targets.map((): Round[] => []);
  for (let round = 0; round < plan.rounds; round++) {
    for (const [index, target] of targets.entries()) {
      rounds[index]?.push(await runRound(target, mock, mode, plan, scratch));
      await sleep(100);
    }
  }
  return targets.map((target, index) => rowOf(target, rounds[index] ?? [], threadShares(threadsBefore[index] ?? new Map(), cpuUsByThread(target.workers))));
}
