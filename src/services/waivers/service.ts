/** A finding that somebody has decided to live with: a rule, in one model of exactly this digest, until a day. */
export interface Waiver {
  /** `wvr_...` */
  readonly id: string;
  /** Hexadecimal OMS root. */
  readonly digest: string;
  /** Id of a rule: `pickle-unknown-global`. */
  readonly rule: string;
  /** File below the model, or file!member; null for the whole model. */
  readonly path: string | null;
  readonly reason: string;
  /** Who answers for it, as given. */
  readonly owner: string;
  /** RFC 3339. */
  readonly until: string;
  readonly createdAt: string;
  /** Id of the person. */
  readonly createdBy: string;
  readonly revoked: { readonly at: string; readonly by: string; readonly reason: string } | null;
}

export type WaiverState = 'active' | 'expired' | 'revoked';

/** A waiver counts until its end, and until it is revoked. `now`: RFC 3339. */
export function waiverState({ revoked, until }: Pick<Waiver, 'revoked' | 'until'>, now: string): WaiverState {
  if (revoked !== null) return 'revoked';
  return Date.parse(until) > Date.parse(now) ? 'active' : 'expired';
}

export interface WaiverService {
  /** The same run id gives the waiver that it made. */
  waive(waiver: Omit<Waiver, 'id' | 'createdAt' | 'revoked'>, runId: string): Promise<Waiver>;
  /** Repeating it by the same person changes nothing. NOT_FOUND; CONFLICT when somebody else has revoked it. */
  revoke(id: string, revocation: { readonly by: string; readonly reason: string }): Promise<Waiver>;
  find(id: string): Promise<Waiver | undefined>;
  /** Of one digest, whatever their state, oldest first. */
  ofDigest(digest: string): Promise<readonly Waiver[]>;
  /** Newest first. */
  list(limit: number): Promise<readonly Waiver[]>;
}
