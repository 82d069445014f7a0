/** What a drill measured. Times are milliseconds from the start of the command's process. */
export interface DrillReport {
  readonly drill: 'model-compromise';
  readonly ok: boolean;
  /** What was not as it must be; empty when `ok`. */
  readonly failures: readonly string[];
  readonly live: boolean;
  /** Requests of the drill's clients, by the id in x-request-id. */
  readonly requestsSeen: number;
  /** Requests of the drill's key in the gateways' logs. */
  readonly requestsLogged: number;
  /** Ids on one side only, at most 20 each. */
  readonly onlySeen: readonly string[];
  readonly onlyLogged: readonly string[];
  readonly streamsOpen: number;
  readonly streamsCut: number;
  /** To the last byte served to any stream that was open at the command. */
  readonly cutMs: number;
  readonly sessionVoidMs: number;
  readonly backupFirstAnswerMs: number;
  readonly commandMs: number;
  /** From the start of resume-operations to the first answer of the primary. */
  readonly normalServiceMs: number;
  readonly ledger: { readonly verified: boolean; readonly logs: readonly VerifiedLog[] };
  readonly timeline: readonly TimelineEvent[];
}

export interface VerifiedLog {
  readonly name: string;
  readonly size: number;
  readonly root: string;
}

export interface TimelineEvent {
  readonly atMs: number;
  readonly event: string;
}
