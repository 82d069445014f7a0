import { aucPermutationTest } from '../statistics/auc-permutation.ts';
import { aucInterval, deLong, truePositiveRate } from '../statistics/auc.ts';
import { benjaminiHochberg, holmAdjusted } from '../statistics/multiple-tests.ts';
import { clopperPearsonInterval } from '../statistics/proportion-intervals.ts';
import type { MethodResult, RankedRecord } from './membership-verdict.ts';
import type { Method, ScoredRecord } from './token-record.ts';
import { METHODS } from './token-record.ts';

const FALSE_POSITIVE_RATE = 0.01;
/** Fewer cannot show an AUC under .70. */
export const SMALLEST_CLASS = 25;

type Scored = ScoredRecord & { readonly score: number };

function scored(records: readonly ScoredRecord[], method: Method): Scored[] {
  return records.flatMap((record) => {
    const score = record.scores[method] ?? null;
    return score === null ? [] : [{ ...record, score }];
  });
}

function ofClass(records: readonly Scored[], member: boolean): number[] {
  return records.filter((record) => record.member === member).map(({ score }) => score);
}

/** Methods that score at least 25 records of each class. */
export function usableMethods(records: readonly ScoredRecord[]): Method[] {
  return METHODS.filter((method) => {
    const all = scored(records, method);
    return ofClass(all, true).length >= SMALLEST_CLASS && ofClass(all, false).length >= SMALLEST_CLASS;
  });
}

/**
 * The one method that decides, by what the engine can give and never by what scores best: window comparison with a
 * reference, else Min-K %++ with the whole distribution, else Min-K %, else n-gram coverage of texts.
 */
export function primaryMethod(usable: readonly Method[]): Method | null {
  const order: readonly Method[] = ['wbc', 'min-k++', 'min-k', 'coverage'];
  return order.find((method) => usable.includes(method)) ?? usable[0] ?? null;
}

/** Tests every usable method; the secondary ones are adjusted together (Holm). */
export function judgeMethods(records: readonly ScoredRecord[], usable: readonly Method[], primary: Method, seed: number, shuffles: number): MethodResult[] {
  const results = usable.map((method) => judgeMethod(scored(records, method), method, method === primary ? 'primary' : 'secondary', seed, shuffles));
  const secondary = results.filter(({ role }) => role === 'secondary');
  const adjusted = holmAdjusted(secondary.map(({ p }) => p));
  const order = [...results.filter(({ role }) => role === 'primary'), ...secondary.map((result, i) => ({ ...result, adjustedP: adjusted[i] ?? 1 }))];
  return order;
}

function judgeMethod(records: readonly Scored[], method: Method, role: MethodResult['role'], seed: number, shuffles: number): MethodResult {
  const [members, controls] = [ofClass(records, true), ofClass(records, false)];
  const estimate = deLong(members, controls);
  const p = aucPermutationTest(
    records.map(({ score, member, group }) => ({ score, positive: member, group })),
    seed,
    shuffles,
  );
  const { hits, rate } = truePositiveRate(members, controls, FALSE_POSITIVE_RATE);
  return {
    method,
    role,
    members: members.length,
    controls: controls.length,
    ...estimate,
    interval: aucInterval(estimate),
    p,
    adjustedP: p,
    truePositives: { falsePositiveRate: FALSE_POSITIVE_RATE, hits, of: members.length, rate, interval: clopperPearsonInterval(hits, members.length) },
  };
}

/** Members by primary score, highest first; p of each is the share of controls that score as high, so q is calibrated on known non-members. */
export function rankForReview(records: readonly ScoredRecord[], primary: Method): RankedRecord[] {
  const all = scored(records, primary);
  const controls = Float64Array.from(ofClass(all, false)).sort();
  const members = all.filter(({ member }) => member).sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1));
  const q = benjaminiHochberg(members.map(({ score }) => (1 + controls.length - firstAtLeast(controls, score)) / (1 + controls.length)));
  return members.map(({ id, score }, i) => ({ id, score, q: q[i] ?? 1 }));
}

/** Index of the first value that is not smaller, by halving. */
function firstAtLeast(sorted: Float64Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
