import type { Interval } from '../statistics/proportion-intervals.ts';
import type { BlindBaseline } from './blind-baseline.ts';
import type { CanaryJudgement } from './canary-exposure.ts';
import type { Method } from './token-record.ts';

export type VerdictWord = 'LEAK' | 'NO_EVIDENCE' | 'INCONCLUSIVE' | 'INVALID_CONTROLS';

export type ReasonCode =
  | 'primary-separates'
  | 'secondary-separates'
  | 'canary-extracted'
  | 'canaries-exposed'
  | 'controls-differ'
  | 'too-few-records'
  | 'no-scores'
  | 'constant-scores'
  | 'significant-but-small'
  | 'nothing-found';

/** Why the verdict is what it is: a code for programs, a sentence for people. */
export interface Reason {
  readonly code: ReasonCode;
  readonly text: string;
}

/** What one method shows over the whole set. */
export interface MethodResult {
  readonly method: Method;
  readonly role: 'primary' | 'secondary';
  /** Records that the method could score. */
  readonly members: number;
  readonly controls: number;
  readonly auc: number;
  readonly standardError: number | null;
  /** DeLong, 95 %. */
  readonly interval: Interval;
  /** One-sided permutation p, and the same after Holm over the secondary methods; equal for the primary one. */
  readonly p: number;
  readonly adjustedP: number;
  /** Members above the cut that 1 % of the controls exceed, with the Clopper-Pearson 95 % interval. */
  readonly truePositives: {
    readonly falsePositiveRate: number;
    readonly hits: number;
    readonly of: number;
    readonly rate: number;
    readonly interval: Interval;
  };
}

/** A member worth a look by a person; nothing is said about whether it was trained on. */
export interface RankedRecord {
  readonly id: string;
  readonly score: number;
  /** Expected share of false finds among the records up to this one (Benjamini-Hochberg), from the controls that score as high. */
  readonly q: number;
}

/** Lengths in characters, which must not tell the classes apart. */
export interface LengthSummary {
  readonly membersMedian: number;
  readonly controlsMedian: number;
  readonly kolmogorovSmirnovP: number;
}

/** Plain data: the same for the same records, whatever their order, and the same seed. */
export interface MembershipVerdict {
  readonly verdict: VerdictWord;
  readonly reasons: readonly Reason[];
  readonly seed: number;
  readonly shuffles: number;
  readonly members: number;
  readonly controls: number;
  /** Smallest AUC that a one-sided 5 % test of this size sees with 80 % power. */
  readonly detectableAuc: number;
  readonly lengths: LengthSummary | null;
  readonly blindBaseline: BlindBaseline | null;
  readonly primary: Method | null;
  readonly methods: readonly MethodResult[];
  /** p of the dataset-inference test; null under 100 records a class. */
  readonly datasetInferenceP: number | null;
  readonly canaries: CanaryJudgement | null;
  readonly rankedForReview: readonly RankedRecord[];
}
