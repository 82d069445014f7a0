import type { ErrorCode } from '../../core/errors.ts';
import type { ApiKey } from '../../services/posture/snapshot.ts';

/** The answer to a request for capacity. */
export type LimitVerdict = { readonly granted: true } | { readonly granted: false; readonly code: ErrorCode; readonly retryAfterMs: number };

export const GRANTED: LimitVerdict = { granted: true };

/** Whoever waits for a verdict. */
export interface LimitClaimant {
  limitAnswered(verdict: LimitVerdict): void;
}

/** What a worker may spend of each key's limits. Limits hold per gateway, over all of its workers. */
export interface LimitGrants {
  /**
   * Takes one running request, one request of this minute and `tokens` tokens of this minute, or nothing. Answers at
   * once where the worker holds enough; 'pending' when the primary is asked, and the claimant is told later.
   */
  take(key: ApiKey, tokens: number, claimant: LimitClaimant): LimitVerdict | 'pending';
  /** Ends what `take` granted at `takenMs` (monotonic): `used` tokens were really spent of the `reserved` ones. Once per grant. */
  release(key: ApiKey, takenMs: number, reserved: number, used: number): void;
}

export function isLimited(key: ApiKey): boolean {
  const { concurrency, requestsPerMinute, tokensPerMinute } = key.limits;
  return concurrency !== null || requestsPerMinute !== null || tokensPerMinute !== null;
}
