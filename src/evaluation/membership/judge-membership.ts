import { detectableAuc } from '../statistics/auc-power.ts';
import { requireCount } from '../statistics/checked-numbers.ts';
import { kolmogorovSmirnov } from '../statistics/kolmogorov-smirnov.ts';
import { median } from '../statistics/quantile.ts';
import type { BlindBaseline } from './blind-baseline.ts';
import { blindBaseline } from './blind-baseline.ts';
import type { CanaryJudgement } from './canary-exposure.ts';
import { datasetInference } from './dataset-inference.ts';
import { judgeMethods, primaryMethod, rankForReview, SMALLEST_CLASS, usableMethods } from './judge-method.ts';
import type { LengthSummary, MembershipVerdict, MethodResult, Reason, ReasonCode, VerdictWord } from './membership-verdict.ts';
import type { Method, ScoredRecord } from './token-record.ts';

export interface MembershipOptions {
  readonly seed: number;
  /** Of the permutation test; default 10,000. */
  readonly shuffles?: number;
  readonly canaries?: CanaryJudgement;
}

/** A leak needs a p-value under this and an AUC whose interval lies above the other: significant, and large enough to matter. */
const LEAK_P = 0.01;
const LEAK_AUC = 0.55;
/** Controls that a classifier without the model tells apart better than this are no controls. */
const BLIND_LIMIT = 0.55;

function reason(code: ReasonCode, text: string): Reason {
  return { code, text };
}

const decimals = (value: number): string => value.toFixed(3);

/** Sorted by id, so that the order of the records changes nothing. Throws a RangeError for two records of one id or a score that is not finite. */
function ordered(records: readonly ScoredRecord[]): ScoredRecord[] {
  const sorted = [...records].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  sorted.forEach(({ id, scores }, i) => {
    if (i > 0 && sorted[i - 1]?.id === id) throw new RangeError(`two records have the id ${id}`);
    for (const [method, score] of Object.entries(scores)) {
      if (score !== null && !Number.isFinite(score)) throw new RangeError(`record ${id}: ${method} is ${String(score)}, not a finite number`);
    }
  });
  return sorted;
}

/**
 * Verdict over a set of records that may have been trained on (members) against records that were not (controls):
 * section 2.4 of the project's evaluation reference. LEAK: a method separates them (permutation p < 0.01, after Holm for the
 * secondary ones, and AUC interval above 0.55), or a canary was extracted, or the canaries' combined p < 0.001. INVALID_CONTROLS: the texts differ so
 * that nothing about the model can be said. Never a statement about one record.
 */
export function judgeMembership(records: readonly ScoredRecord[], { seed, shuffles = 10_000, canaries }: MembershipOptions): MembershipVerdict {
  requireCount('seed', seed);
  const sorted = ordered(records);
  const members = sorted.filter(({ member }) => member).length;
  const controls = sorted.length - members;
  const smaller = Math.min(members, controls);
  const canaryReasons = reasonsOfCanaries(canaries);
  const base = { seed, shuffles, members, controls, detectableAuc: smaller === 0 ? 1 : detectableAuc(smaller), canaries: canaries ?? null };
  const nothing = { lengths: null, blindBaseline: null, primary: null, methods: [], datasetInferenceP: null, rankedForReview: [] };
  const conclude = (verdict: VerdictWord, reasons: readonly Reason[]): { verdict: VerdictWord; reasons: readonly Reason[] } =>
    canaryReasons.length > 0 ? { verdict: 'LEAK', reasons: [...canaryReasons, ...reasons] } : { verdict, reasons };

  if (smaller < SMALLEST_CLASS) {
    const text = `${String(members)} members and ${String(controls)} controls: at least ${String(SMALLEST_CLASS)} of each are needed`;
    return { ...conclude('INCONCLUSIVE', [reason('too-few-records', text)]), ...base, ...nothing };
  }
  const lengths = compareLengths(sorted);
  const blind = blindBaseline(sorted, seed);
  if (blind.interval.lower > BLIND_LIMIT) {
    return { ...conclude('INVALID_CONTROLS', [controlsDiffer(blind)]), ...base, ...nothing, lengths, blindBaseline: blind };
  }
  const usable = usableMethods(sorted);
  const primary = primaryMethod(usable);
  if (primary === null) {
    const text = 'no method could score enough records of both classes';
    return { ...conclude('INCONCLUSIVE', [reason('no-scores', text)]), ...base, ...nothing, lengths, blindBaseline: blind };
  }
  const methods = judgeMethods(sorted, usable, primary, seed, shuffles);
  return {
    ...conclude(...verdictOfMethods(methods)),
    ...base,
    lengths,
    blindBaseline: blind,
    primary,
    methods,
    datasetInferenceP: datasetInference(featureRows(sorted, usable), seed),
    rankedForReview: rankForReview(sorted, primary),
  };
}

function controlsDiffer({ auc, interval }: BlindBaseline): Reason {
  const text = `a classifier that never saw the model tells members from controls with AUC ${decimals(auc)} (at least ${decimals(interval.lower)}): the controls differ from the members`;
  return reason('controls-differ', text);
}

function reasonsOfCanaries(canaries: CanaryJudgement | undefined): Reason[] {
  if (canaries === undefined) return [];
  const { extracted, all, groups } = canaries;
  const exposed = [...(all.flagged ? ['all'] : []), ...groups.flatMap(({ group, flagged }) => (flagged ? [group ?? ''] : []))];
  return [
    ...(extracted.length > 0
      ? [reason('canary-extracted', `the model wrote ${String(extracted.length)} of ${String(canaries.canaries.length)} planted secrets word for word`)]
      : []),
    ...(exposed.length > 0
      ? [reason('canaries-exposed', `planted secrets are likelier than random ones: ${exposed.join(', ')}; combined p ${all.fisherP.toExponential(1)}`)]
      : []),
  ];
}

function verdictOfMethods(methods: readonly MethodResult[]): [VerdictWord, Reason[]] {
  const significant = methods.filter(({ adjustedP }) => adjustedP < LEAK_P);
  const separating = significant.filter(({ interval }) => interval.lower > LEAK_AUC);
  const describe = ({ method, auc, interval, adjustedP }: MethodResult): string =>
    `${method}: AUC ${decimals(auc)} (at least ${decimals(interval.lower)}), p ${adjustedP.toPrecision(2)}`;
  if (separating.length > 0) return ['LEAK', separating.map((result) => reason(`${result.role}-separates`, describe(result)))];
  const [primary] = methods;
  if (primary === undefined || primary.standardError === 0)
    return ['INCONCLUSIVE', [reason('constant-scores', `${primary?.method ?? ''} gives every record of a class the same score`)]];
  if (significant.length > 0) return ['INCONCLUSIVE', significant.map((result) => reason('significant-but-small', describe(result)))];
  return ['NO_EVIDENCE', [reason('nothing-found', `cannot exclude AUC up to ${decimals(Math.min(1, primary.interval.upper))} (${primary.method})`)]];
}

function compareLengths(records: readonly ScoredRecord[]): LengthSummary {
  const lengths = (member: boolean): number[] => records.filter((record) => record.member === member).map(({ text }) => text.length);
  const [members, controls] = [lengths(true), lengths(false)];
  return { membersMedian: median(members), controlsMedian: median(controls), kolmogorovSmirnovP: kolmogorovSmirnov(members, controls).p };
}

/** All usable scores of the records that have all of them. */
function featureRows(records: readonly ScoredRecord[], usable: readonly Method[]): { features: number[]; member: boolean }[] {
  return records.flatMap(({ scores, member }) => {
    const features = usable.flatMap((method) => scores[method] ?? []);
    return features.length === usable.length ? [{ features, member }] : [];
  });
}
