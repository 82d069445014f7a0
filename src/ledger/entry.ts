/** Kinds of entries (docs/formats/ledger.md). A new kind needs an ADR. */
export type EntryKind =
  | 'request.open'
  | 'request.close'
  | 'request.done'
  | 'refusals.summary'
  | 'session.issued'
  | 'operation.intent'
  | 'operation.done'
  | 'killswitch.observed'
  | 'posture.applied'
  | 'log.witnessed'
  | 'heartbeat';

/** What an entry may carry in `data` and elsewhere: JSON and nothing else. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json | undefined };

/** One ledger entry: one UTF-8 JSON object of at most 65,535 bytes, hashed exactly as it is stored. */
export interface LedgerEntry {
  readonly v: 1;
  readonly kind: EntryKind;
  /** Id of what the entry is about: request id, run id, session id. Entries of one group share it. */
  readonly id: string;
  /** RFC 3339, UTC, milliseconds: the writer's wall clock. Order is proved by the index, never by this. */
  readonly at: string;
  /** Who: `key_...`, `ses_...`, `per_...`, `local:<uid>`, or `system`. */
  readonly actor: string;
  /** What was asked: `POST /v1/chat/completions`, `security emergency-isolation`. */
  readonly action: string;
  /** On what: the public model name, the upstream, the log, the operation's target. */
  readonly target: string;
  /** `open`, `ok`, `refused`, `failed`, `cut`, `cancelled`, `interrupted`; of operations also `finding`, `violation`, `inconclusive`, `planned`. */
  readonly outcome: string;
  /** What it belongs to: run of a runbook, or null. */
  readonly ref: string | null;
  readonly data: Json;
}

/** Largest entry in bytes: the length prefix of an entry bundle is two bytes (C2SP tlog-tiles). */
export const MAX_ENTRY_BYTES = 65_535;
