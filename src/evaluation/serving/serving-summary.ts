import { mean, sampleVariance } from '../statistics/moments.ts';
import { requireBetween } from '../statistics/checked-numbers.ts';
import { sortedQuantile } from '../statistics/quantile.ts';
import { latenciesOf } from './served-request.ts';
import type { RequestLatencies, ServedRequest } from './served-request.ts';

/** Milliseconds that each request should stay under; what is absent does not count. */
export interface ServingObjectives {
  readonly ttftMs?: number;
  readonly tpotMs?: number;
  readonly e2elMs?: number;
}

/** Of one kind of latency, in milliseconds. */
export interface LatencySummary {
  readonly count: number;
  readonly mean: number;
  /** Null for one value. */
  readonly standardDeviation: number | null;
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
}

/** Null where there is nothing to summarise. */
export interface ServingSummary {
  readonly completed: number;
  readonly failed: number;
  /** Failed of all; null without a request. */
  readonly errorShare: number | null;
  readonly errors: Readonly<Record<string, number>>;
  /** From the end of the warm-up to the last end. */
  readonly durationMs: number;
  readonly requestsPerSecond: number | null;
  readonly outputTokensPerSecond: number | null;
  /** Requests a second that met every objective, and their share of all, failed ones included. */
  readonly goodput: number | null;
  readonly goodShare: number | null;
  readonly ttft: LatencySummary | null;
  readonly tpot: LatencySummary | null;
  readonly itl: LatencySummary | null;
  readonly e2el: LatencySummary | null;
}

/** Null for an empty sample. Throws a RangeError for values that are not finite. */
export function summarizeLatencies(values: readonly number[]): LatencySummary | null {
  if (values.length === 0) return null;
  const average = mean(values);
  const sorted = Float64Array.from(values).sort();
  const [p50 = 0, p90 = 0, p95 = 0, p99 = 0] = [0.5, 0.9, 0.95, 0.99].map((share) => sortedQuantile(sorted, share));
  return { count: values.length, mean: average, standardDeviation: values.length < 2 ? null : Math.sqrt(sampleVariance(values)), p50, p90, p95, p99 };
}

/** Whether a request was answered within every objective. Without a first token it has no TTFT to meet; with one token no TPOT to miss. */
export function meetsObjectives(request: ServedRequest, { ttftMs = Infinity, tpotMs = Infinity, e2elMs = Infinity }: ServingObjectives): boolean {
  if (request.error !== null) return false;
  const latencies = latenciesOf(request);
  const isFirstInTime = latencies.ttftMs === null ? ttftMs === Infinity : latencies.ttftMs <= ttftMs;
  return isFirstInTime && (latencies.tpotMs ?? 0) <= tpotMs && latencies.e2elMs <= e2elMs;
}

/** Requests that were due after the warm-up. Throws a RangeError for a warm-up below 0. */
export function afterWarmUp(requests: readonly ServedRequest[], warmUpMs: number): readonly ServedRequest[] {
  requireBetween('warmUpMs', warmUpMs, 0, Number.MAX_SAFE_INTEGER);
  return requests.filter(({ dueMs }) => dueMs >= warmUpMs);
}

/** Latencies of the requests that were answered, kind by kind. */
export function latencyValues(requests: readonly ServedRequest[]): Record<'ttft' | 'tpot' | 'itl' | 'e2el', number[]> {
  const all: RequestLatencies[] = requests.filter(({ error }) => error === null).map(latenciesOf);
  return {
    ttft: all.flatMap(({ ttftMs }) => ttftMs ?? []),
    tpot: all.flatMap(({ tpotMs }) => tpotMs ?? []),
    itl: all.flatMap(({ itlMs }) => itlMs),
    e2el: all.map(({ e2elMs }) => e2elMs),
  };
}

function countErrors(requests: readonly ServedRequest[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { error } of requests) if (error !== null) counts[error] = (counts[error] ?? 0) + 1;
  return counts;
}

/** The figures of a load from its recorded times; what was due during the warm-up is dropped. Pure: the same record gives the same figures. */
export function summarizeServing(requests: readonly ServedRequest[], objectives: ServingObjectives = {}, warmUpMs = 0): ServingSummary {
  const counted = afterWarmUp(requests, warmUpMs);
  const answered = counted.filter(({ error }) => error === null);
  const good = counted.filter((request) => meetsObjectives(request, objectives)).length;
  const durationMs = counted.reduce((last, { endedMs }) => Math.max(last, endedMs), warmUpMs) - warmUpMs;
  const perSecond = (count: number): number | null => (durationMs > 0 ? (count * 1_000) / durationMs : null);
  const share = (count: number): number | null => (counted.length === 0 ? null : count / counted.length);
  const { ttft, tpot, itl, e2el } = latencyValues(counted);
  return {
    completed: answered.length,
    failed: counted.length - answered.length,
    errorShare: share(counted.length - answered.length),
    errors: countErrors(counted),
    durationMs,
    requestsPerSecond: perSecond(answered.length),
    outputTokensPerSecond: perSecond(answered.reduce((sum, { outputTokens }) => sum + outputTokens, 0)),
    goodput: perSecond(good),
    goodShare: share(good),
    ttft: summarizeLatencies(ttft),
    tpot: summarizeLatencies(tpot),
    itl: summarizeLatencies(itl),
    e2el: summarizeLatencies(e2el),
  };
}
