import type { ReasonCode } from './checks.ts';

/** 0 verified and the policy is met; 12 not verified; 13 verified, the policy is not met; 14 collateral is missing or expired. */
export type AnswerCode = 0 | 12 | 13 | 14;

const PLATFORM_OR_WORKLOAD: ReadonlySet<ReasonCode> = new Set<ReasonCode>([
  'tcb-status',
  'tcb-too-old',
  'td-attributes',
  'debug-enabled',
  'migration-agent',
  'vmpl-not-allowed',
  'product-not-allowed',
  'measurement-not-allowed',
  'pcr-not-quoted',
  'overall-result',
]);

/** What a reason means for who asked; null: accepted. */
export function answerCodeOf(reason: ReasonCode | null): AnswerCode {
  if (reason === null) return 0;
  if (reason === 'collateral-expired') return 14;
  return PLATFORM_OR_WORKLOAD.has(reason) ? 13 : 12;
}
