import type { Role } from '../people/roles.ts';
import type { ApprovalSignature, ApprovalState } from './service.ts';

/** A request as it is stored. */
export interface StoredRequest {
  readonly id: string;
  /** Call that made it: one call makes one request. */
  readonly runId: string;
  /** Canonical JSON of the statement: the signed bytes. */
  readonly payload: string;
  /** `policy.required` of the statement. */
  readonly required: number;
  readonly requester: string;
  readonly expiresAt: string;
  readonly reason: string;
  readonly ref: string | null;
  readonly createdAt: string;
  readonly declined: { readonly by: string; readonly at: string; readonly reason: string } | null;
  /** When it was first seen expired: no clock makes it valid again. */
  readonly expiredAt: string | null;
  readonly usedBy: string | null;
  readonly signatures: readonly StoredSignature[];
}

export interface StoredSignature {
  readonly person: string;
  readonly at: string;
  readonly signature: ApprovalSignature;
}

/** A key with the person it belongs to, as both are in this moment. */
export interface Signer {
  readonly keyId: string;
  readonly keyRemoved: boolean;
  readonly kind: ApprovalSignature['kind'];
  readonly publicKey: string;
  readonly person: string;
  readonly role: Role;
  readonly personRemoved: boolean;
}

/** One request inside a transaction that nobody else can change it in. */
export interface HeldRequest {
  readonly stored: StoredRequest;
  /** The database's clock, in milliseconds since the Unix epoch. */
  readonly databaseMs: number;
  /** The keys and people behind these ids; neither can be removed until the transaction ends. Unknown ids are left out. */
  signers(keyIds: readonly string[]): Promise<readonly Signer[]>;
  /** Stores the counter of a passkey. False when it did not rise: a copy of the passkey, or a replay. */
  raiseCounter(keyId: string, counter: number): Promise<boolean>;
  /** Whether the call with this run id is under way. */
  isRunOpen(runId: string): Promise<boolean>;
  addSignature(signature: StoredSignature): Promise<void>;
  decline(declined: { readonly by: string; readonly at: string; readonly reason: string }): Promise<void>;
  /** False when another run has used it. */
  use(runId: string, at: string): Promise<boolean>;
}

/** Where requests are kept. All methods fail with DATABASE_UNAVAILABLE when they cannot be reached. */
export interface ApprovalRecords {
  /** The stored request of this run id: the given one, or the one that the same call made earlier. */
  insert(request: StoredRequest): Promise<StoredRequest>;
  find(id: string): Promise<StoredRequest | undefined>;
  /** Newest first. `now` decides which are expired. */
  list(filter: { readonly states: readonly ApprovalState[]; readonly limit: number; readonly now: string }): Promise<readonly StoredRequest[]>;
  /** One transaction with the request locked; undefined when there is none. All or nothing. */
  hold<T>(id: string, work: (held: HeldRequest) => Promise<T>): Promise<T | undefined>;
  /** Marks what is past its time by this clock or the database's own as expired, and returns what was not marked before. */
  expire(now: string): Promise<readonly StoredRequest[]>;
  /** The clock that the records keep, in milliseconds since the Unix epoch. */
  databaseMs(): Promise<number>;
}
