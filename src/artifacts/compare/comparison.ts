import type { Concentration } from './concentration.ts';
import type { TensorDifference } from './tensor-difference.ts';
import type { Rule } from '../findings/rule.ts';

export interface ChangedTensor extends TensorDifference {
  /** Null where it was not computed: no matrix, or too many tensors changed. */
  readonly concentration: Concentration | null;
}

export interface ComparisonFinding {
  readonly rule: Rule;
  /** Where the tensor is in the new version; null where it is missing there. */
  readonly path: string | null;
  readonly offset: number | null;
  readonly detail: string;
}

export interface Comparison {
  readonly added: readonly string[];
  readonly missing: readonly string[];
  /** Another shape or type. */
  readonly reshaped: readonly string[];
  /** Tensors of both versions with one shape. */
  readonly compared: number;
  readonly changed: readonly ChangedTensor[];
  /** Tensors of a type that is not computed with, whose bytes differ. */
  readonly notComputed: readonly string[];
  readonly findings: readonly ComparisonFinding[];
}
