import type { TcbState } from '../checks.ts';

/** Status values of Intel's levels, the better ones first. */
const ORDER = [
  'UpToDate',
  'SWHardeningNeeded',
  'ConfigurationNeeded',
  'ConfigurationAndSWHardeningNeeded',
  'OutOfDate',
  'OutOfDateConfigurationNeeded',
  'Revoked',
] as const;

/** Statuses that a policy may allow; `Revoked` is none of them. */
export const ALLOWABLE_STATUSES = [
  'UpToDate',
  'SWHardeningNeeded',
  'ConfigurationNeeded',
  'ConfigurationAndSWHardeningNeeded',
  'OutOfDate',
  'OutOfDateConfigurationNeeded',
  'TDRelaunchAdvised',
  'TDRelaunchAdvisedConfigurationNeeded',
] as const;

export type AllowableStatus = (typeof ALLOWABLE_STATUSES)[number];

/** A level that was matched, of a platform, a module or an enclave. */
export interface MatchedLevel {
  readonly tcbStatus: string;
  readonly tcbDate: string;
  readonly advisoryIDs?: readonly string[] | undefined;
}

/** What is not known is worse than anything that is. */
function rankOf(status: string): number {
  const rank = (ORDER as readonly string[]).indexOf(status);
  return rank < 0 ? ORDER.length : rank;
}

/** The worst of the statuses; of none: `UpToDate`. */
export function worstOf(statuses: readonly string[]): string {
  return statuses.reduce((worst, status) => (rankOf(status) > rankOf(worst) ? status : worst), 'UpToDate');
}

/** `OutOfDate` or worse. */
export function isOutOfDate(status: string): boolean {
  return rankOf(status) >= rankOf('OutOfDate');
}

/** Worst status, the oldest date, every advisory once. */
export function mergeLevels(levels: readonly MatchedLevel[]): TcbState {
  const dates = levels.map(({ tcbDate }) => tcbDate).sort();
  return {
    status: worstOf(levels.map(({ tcbStatus }) => tcbStatus)),
    advisories: [...new Set(levels.flatMap(({ advisoryIDs }) => advisoryIDs ?? []))].sort(),
    levelDate: dates[0] ?? null,
  };
}
