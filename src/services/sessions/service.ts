/** A session token that is valid now, as its `session.issued` entry tells. */
export interface LiveSession {
  readonly id: string;
  readonly keyId: string;
  readonly subject: string;
  readonly issuedAt: string;
  readonly expiresAt: string;
  /** Where the entry stands. */
  readonly log: string;
  readonly index: number;
}

export interface SessionService {
  /** Sessions neither expired nor voided by a generation, newest first, at most `limit`. */
  list(limit: number): Promise<{ readonly sessions: readonly LiveSession[]; readonly total: number }>;
}
