import type { DisconnectRow } from './disconnects.ts';
import { DISCONNECT } from './disconnects.ts';
import type { IdleResult } from './idle-streams.ts';
import type { LoadRow } from './load-rounds.ts';
import type { PacedRow } from './paced-streams.ts';

/** The floor must hold; the goal is what the project is after. */
export interface Goal {
  readonly what: string;
  readonly better: 'more' | 'less';
  /** Null: only a goal was set. */
  readonly floor: number | null;
  readonly goal: number;
  readonly unit: string;
  /** NaN: not measured. */
  readonly measured: number;
  /** Why it could not be measured, where that is known. */
  readonly reason?: string;
}

export type Verdict = 'goal met' | 'floor met, goal missed' | 'goal missed (no floor)' | 'MISSED' | 'not measured';

export function judge({ better, floor, goal, measured }: Pick<Goal, 'better' | 'floor' | 'goal' | 'measured'>): Verdict {
  if (Number.isNaN(measured)) return 'not measured';
  const reaches = (limit: number): boolean => (better === 'more' ? measured >= limit : measured <= limit);
  if (reaches(goal)) return 'goal met';
  if (floor === null) return 'goal missed (no floor)';
  return reaches(floor) ? 'floor met, goal missed' : 'MISSED';
}

interface Results {
  readonly json: readonly LoadRow[];
  readonly sse: readonly LoadRow[];
  readonly paced: readonly PacedRow[];
  readonly disconnects: readonly DisconnectRow[];
  /** Null: not asked for. */
  readonly idle: IdleResult | null;
}

interface Row {
  readonly target: string;
  readonly errors: string;
}

/** A number of one target's row; NaN when there is no such row or it is void. */
export function valueOf<R extends Row>(rows: readonly R[], target: string, of: (row: R) => number): number {
  const row = rows.find((candidate) => candidate.target === target);
  return row?.errors === '' ? of(row) : Number.NaN;
}

/** CPU cost of `target` over that of `base`; requests per CPU-second have the inverse ratio. */
export function cpuRatio(rows: readonly LoadRow[], target: string, base: string): number {
  return valueOf(rows, target, (row) => row.cpuUs) / valueOf(rows, base, (row) => row.cpuUs);
}

/** Lag above `direct`; not judged where direct itself lags by more than the limit in question, for then the machine was measured. */
function addedLag(
  paced: readonly PacedRow[],
  limitMs: number,
  added: (row: PacedRow) => number,
  own: (row: PacedRow) => number,
): Pick<Goal, 'measured' | 'reason'> {
  const directMs = valueOf(paced, 'direct', own) / 1000;
  if (directMs > limitMs) return { measured: Number.NaN, reason: `machine too busy: direct itself lags ${directMs.toFixed(2)} ms` };
  return { measured: valueOf(paced, 'ELULMC', added) / 1000 };
}

/** The rows of the goals table (gateway reference, section 6) that this benchmark measures. */
export function goalsOf({ json, sse, paced, disconnects, idle }: Results): Goal[] {
  const ours = 'ELULMC';
  return [
    {
      what: 'JSON, requests per CPU-second against Portkey',
      better: 'more',
      floor: 12,
      goal: 20,
      unit: 'x',
      measured: cpuRatio(json, 'Portkey', ours),
    },
    { what: 'JSON, CPU per request against nginx', better: 'less', floor: 5, goal: 3, unit: 'x', measured: cpuRatio(json, ours, 'nginx') },
    {
      what: 'SSE of 64 chunks, streams per CPU-second against Portkey',
      better: 'more',
      floor: 5,
      goal: 8,
      unit: 'x',
      measured: cpuRatio(sse, 'Portkey', ours),
    },
    { what: 'SSE of 64 chunks, CPU per stream against nginx', better: 'less', floor: 2, goal: 1.5, unit: 'x', measured: cpuRatio(sse, ours, 'nginx') },
    {
      what: 'added chunk lag at 100 paced streams, p50',
      better: 'less',
      floor: 0.5,
      goal: 0.3,
      unit: 'ms',
      ...addedLag(
        paced,
        0.5,
        (row) => row.addedP50Us,
        (row) => row.lagP50Us,
      ),
    },
    {
      what: 'added chunk lag at 100 paced streams, p99',
      better: 'less',
      floor: null,
      goal: 2,
      unit: 'ms',
      ...addedLag(
        paced,
        2,
        (row) => row.addedP99Us,
        (row) => row.lagP99Us,
      ),
    },
    {
      what: 'proportional memory of the largest worker at 100 streams',
      better: 'less',
      floor: 100,
      goal: 80,
      unit: 'MB',
      measured: valueOf(paced, ours, (row) => row.workerPssBytes) / 1e6,
    },
    {
      what: `streams aborted upstream within ${String(DISCONNECT.limitMs)} ms of the client's disconnect`,
      better: 'more',
      floor: 100,
      goal: 100,
      unit: '%',
      measured: valueOf(disconnects, ours, (row) => (100 * row.aborted) / DISCONNECT.streams),
    },
    {
      what: `memory of each of ${String(idle?.streams ?? 10_000)} idle streams`,
      better: 'less',
      floor: 45,
      goal: 25,
      unit: 'KB',
      measured: idle?.errors === '' ? idle.bytesPerStream / 1000 : Number.NaN,
      reason: idle === null ? 'only with the word idle' : idle.errors,
    },
  ];
}
