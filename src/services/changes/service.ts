export type ChangeState = 'submitted' | 'approved' | 'declined' | 'scheduled';

export interface ChangeRequest {
  /** `chg_...` */
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly risk: 'read' | 'change' | 'destroy';
  /** What it touches: `route:demo`, `upstream:primary`, or any name that windows use. Empty: everything. */
  readonly systems: readonly string[];
  /** The operation it will call, with the digest of its plan; null for a change that a runbook or a person makes. */
  readonly operation: string | null;
  readonly planSha256: string | null;
  /** What that plan says, in order; empty without an operation. */
  readonly changes: readonly string[];
  /** Mandatory from risk `change` on. */
  readonly rollback: string | null;
  readonly requester: string;
  readonly createdAt: string;
  readonly state: ChangeState;
  readonly review: { readonly by: string; readonly at: string; readonly decision: 'approved' | 'declined'; readonly note: string } | null;
  readonly schedule: { readonly by: string; readonly startsAt: string; readonly endsAt: string } | null;
}

/** Who may do what is checked by the operations. NOT_FOUND for an id that no change has. */
export interface ChangeService {
  /** The same run id gives the change that it submitted. */
  submit(change: Omit<ChangeRequest, 'state' | 'review' | 'schedule' | 'createdAt' | 'id'>, runId: string): Promise<ChangeRequest>;
  /** Once; repeating the same review changes nothing. CONFLICT for any other. */
  review(id: string, review: { readonly by: string; readonly decision: 'approved' | 'declined'; readonly note: string }): Promise<ChangeRequest>;
  /**
   * Takes the place of the change's earlier span. One transaction: of two changes of one system that want the same time, one gets it.
   * CHANGE_CONFLICT names the other one; CONFLICT for a change that was not approved.
   */
  schedule(id: string, schedule: { readonly by: string; readonly startsAt: string; readonly endsAt: string }): Promise<ChangeRequest>;
  find(id: string): Promise<ChangeRequest | undefined>;
  /** Newest first. */
  list(limit: number): Promise<readonly ChangeRequest[]>;
  /** Scheduled changes of any of these systems whose span overlaps this one, in the order of their start. No system: all of them. */
  overlapping(from: string, to: string, systems: readonly string[]): Promise<readonly ChangeRequest[]>;
}
