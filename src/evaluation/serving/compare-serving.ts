import { worstOf } from '../comparison/gate-verdict.ts';
import type { GateWord } from '../comparison/gate-verdict.ts';
import { bootstrapInterval } from '../statistics/bootstrap.ts';
import { requireBetween, requireCount } from '../statistics/checked-numbers.ts';
import { wilsonInterval } from '../statistics/proportion-intervals.ts';
import type { Interval } from '../statistics/proportion-intervals.ts';
import { quantile, sortedQuantile } from '../statistics/quantile.ts';
import type { ServedRequest } from './served-request.ts';
import { afterWarmUp, latencyValues, meetsObjectives } from './serving-summary.ts';
import type { ServingObjectives } from './serving-summary.ts';

/** Upper limits that need no baseline. */
export interface ServingBudget {
  readonly ttftP95Ms?: number;
  readonly tpotP95Ms?: number;
  /** Failed of all requests, 0 to 1. */
  readonly errorShare?: number;
}

export interface ServingGateOptions {
  readonly seed: number;
  /** Of the bootstrap; default 2,000. */
  readonly resamples?: number;
  /** Highest ratio of a p95, and of baseline goodput to candidate goodput; default 1.10. */
  readonly maxRatio?: number;
  /** What goodput counts; without any the goodput is not compared. */
  readonly objectives?: ServingObjectives;
  readonly budget?: ServingBudget;
  /** Requests that were due before are dropped; default 0. */
  readonly warmUpMs?: number;
}

/** One limit: the estimate, its two one-sided 95 % bounds (null with fewer than two values), and what follows. */
export interface ServingPart {
  readonly name: 'ttft-p95-ratio' | 'tpot-p95-ratio' | 'goodput-ratio' | 'ttft-p95-budget' | 'tpot-p95-budget' | 'error-share-budget';
  readonly verdict: GateWord;
  readonly limit: number;
  readonly estimate: number | null;
  readonly interval: Interval | null;
}

export interface ServingVerdict {
  readonly verdict: GateWord;
  readonly parts: readonly ServingPart[];
}

const TWO_ONE_SIDED = 0.9;
const MAX_RATIO = 1.1;
const RESAMPLES = 2_000;

/** PASS when the value is shown to be at most the limit, FAIL when it is shown to be above. */
function part(name: ServingPart['name'], limit: number, estimate: number | null, interval: Interval | null): ServingPart {
  const verdict = interval === null ? 'INCONCLUSIVE' : interval.upper <= limit ? 'PASS' : interval.lower > limit ? 'FAIL' : 'INCONCLUSIVE';
  return { name, verdict, limit, estimate, interval };
}

function p95Of(values: Float64Array, drawn: Int32Array | undefined): number {
  return sortedQuantile(Float64Array.from(drawn ?? [], (index) => values[index] ?? 0).sort(), 0.95);
}

type Bootstrap = (strata: readonly number[], statistic: (drawn: readonly Int32Array[]) => number) => Interval | null;

function p95Ratio(name: ServingPart['name'], limit: number, base: readonly number[], candidate: readonly number[], bootstrap: Bootstrap): ServingPart {
  if (base.length === 0 || candidate.length === 0) return part(name, limit, null, null);
  const [first, second] = [Float64Array.from(base), Float64Array.from(candidate)];
  const interval = bootstrap([base.length, candidate.length], (drawn) => p95Of(second, drawn[1]) / p95Of(first, drawn[0]));
  const denominator = quantile(base, 0.95);
  return part(name, limit, denominator > 0 ? quantile(candidate, 0.95) / denominator : null, interval);
}

function p95Budget(name: ServingPart['name'], limit: number, values: readonly number[], bootstrap: Bootstrap): ServingPart {
  if (values.length === 0) return part(name, limit, null, null);
  const all = Float64Array.from(values);
  const interval = bootstrap([values.length], (drawn) => p95Of(all, drawn[0]));
  return part(name, limit, quantile(values, 0.95), interval);
}

function goodputRatio(limit: number, base: readonly boolean[], candidate: readonly boolean[], bootstrap: Bootstrap): ServingPart {
  const share = (good: readonly boolean[], drawn: Int32Array | undefined): number => {
    let count = 0;
    for (const index of drawn ?? []) if (good[index] === true) count += 1;
    return count / good.length;
  };
  const whole = (good: readonly boolean[]): number => good.filter(Boolean).length / good.length;
  const name = 'goodput-ratio';
  // No good request at all: nothing to divide by, and nothing to be content with.
  if (candidate.length > 1 && whole(candidate) === 0 && base.includes(true)) return { name, verdict: 'FAIL', limit, estimate: null, interval: null };
  const interval = bootstrap([base.length, candidate.length], (drawn) => share(base, drawn[0]) / share(candidate, drawn[1]));
  const ratio = base.length === 0 || candidate.length === 0 ? NaN : whole(base) / whole(candidate);
  return part(name, limit, Number.isFinite(ratio) ? ratio : null, interval);
}

/**
 * Gate over two loads of the same rate, seed and prompts (`base` null: budget only): p95 of TTFT and TPOT, and the share of
 * requests within the objectives, each at most `maxRatio` worse than the baseline by a percentile bootstrap (B. Efron 1979) of whole
 * requests; p95s and error share (Wilson) within the budget. A part with fewer than two values on a side is INCONCLUSIVE; so is a gate
 * without parts. Throws a RangeError for bad numbers.
 */
export function compareServing(base: readonly ServedRequest[] | null, candidate: readonly ServedRequest[], options: ServingGateOptions): ServingVerdict {
  const { seed, resamples = RESAMPLES, maxRatio = MAX_RATIO, objectives = {}, budget = {}, warmUpMs = 0 } = options;
  requireCount('seed', seed);
  requireBetween('maxRatio', maxRatio, 0.01, 1_000);
  const bootstrap: Bootstrap = (strata, statistic) => bootstrapInterval(strata, statistic, { seed, resamples, confidence: TWO_ONE_SIDED });
  const counted = afterWarmUp(candidate, warmUpMs);
  const values = latencyValues(counted);
  const parts: ServingPart[] = [];
  if (base !== null) {
    const baseline = afterWarmUp(base, warmUpMs);
    const baseValues = latencyValues(baseline);
    parts.push(p95Ratio('ttft-p95-ratio', maxRatio, baseValues.ttft, values.ttft, bootstrap));
    parts.push(p95Ratio('tpot-p95-ratio', maxRatio, baseValues.tpot, values.tpot, bootstrap));
    const good = (requests: readonly ServedRequest[]): boolean[] => requests.map((request) => meetsObjectives(request, objectives));
    if (Object.keys(objectives).length > 0) parts.push(goodputRatio(maxRatio, good(baseline), good(counted), bootstrap));
  }
  if (budget.ttftP95Ms !== undefined) parts.push(p95Budget('ttft-p95-budget', budget.ttftP95Ms, values.ttft, bootstrap));
  if (budget.tpotP95Ms !== undefined) parts.push(p95Budget('tpot-p95-budget', budget.tpotP95Ms, values.tpot, bootstrap));
  if (budget.errorShare !== undefined) {
    const failed = counted.filter(({ error }) => error !== null).length;
    const interval = counted.length === 0 ? null : wilsonInterval(failed, counted.length, TWO_ONE_SIDED);
    parts.push(part('error-share-budget', budget.errorShare, counted.length === 0 ? null : failed / counted.length, interval));
  }
  return { verdict: parts.length === 0 ? 'INCONCLUSIVE' : worstOf(parts.map(({ verdict }) => verdict)), parts };
}
