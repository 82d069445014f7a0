import type { PairedComparison } from './paired-comparison.ts';

export type GateWord = 'PASS' | 'FAIL' | 'INCONCLUSIVE';

/** One part of a gate (a dimension, a task, all of them together) and why it came out so. */
export interface GatePart {
  readonly name: string;
  readonly verdict: GateWord;
  readonly margin: number | null;
  readonly reasons: readonly string[];
  readonly comparison: PairedComparison | null;
  /** `worseP` after Holm over the parts of one kind. */
  readonly adjustedP: number | null;
  /** Items that would decide; given for what is inconclusive only. */
  readonly itemsToDecide: number | null;
}

export interface GateVerdict {
  readonly verdict: GateWord;
  readonly pooled: GatePart;
  readonly parts: readonly GatePart[];
}

/** Anything that fails, fails all; anything that is open, leaves all open. */
export function worstOf(verdicts: readonly GateWord[]): GateWord {
  if (verdicts.includes('FAIL')) return 'FAIL';
  return verdicts.includes('INCONCLUSIVE') ? 'INCONCLUSIVE' : 'PASS';
}

export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
