import type { Json } from '../../ledger/entry.ts';
import type { PersonKey } from '../people/service.ts';

/** What approvers sign: canonical JSON (core/canonical-json.ts has the form), UTF-8, as the payload of a DSSE envelope. */
export interface ApprovalStatement {
  readonly v: 1;
  /** `apr_...`: also the nonce. */
  readonly request: string;
  /** `ins_...` */
  readonly installation: string;
  /** `environment` of config.yaml. */
  readonly environment: string;
  /** `deployment activate-backup`, or `runbook step` for a process. */
  readonly operation: string;
  /** The whole parsed input without secret fields. */
  readonly input: Readonly<Record<string, Json | undefined>>;
  readonly changes: readonly string[];
  /** What the plan touches, in the version that it was made for. */
  readonly touches: readonly Touched[];
  readonly policy: AppliedPolicy;
  readonly requester: string;
  readonly expiresAt: string;
}

/** An object that a plan would change: `route:demo` with a digest or number that is another one after any change of it. */
export interface Touched {
  readonly object: string;
  readonly version: string;
}

/** The rule under which a request was made. */
export interface AppliedPolicy {
  /** People other than requester and performer who must sign. */
  readonly required: number;
  /** Lower-case hex SHA-256 of the canonical JSON of the whole `approvals` section. */
  readonly sha256: string;
}

/** One signature of a DSSE envelope over the statement. */
export interface ApprovalSignature {
  /** Id of a key of a person. */
  readonly keyid: string;
  /**
   * base64. Ed25519: over the pre-authentication encoding. WebAuthn: the assertion's signature; its challenge is the SHA-256 of
   * the pre-authentication encoding.
   */
  readonly sig: string;
  /** base64 of the public key, so that a token proves itself offline; its SHA-256 is the keyid. */
  readonly publicKey: string;
  readonly kind: PersonKey['kind'];
  /** WebAuthn only, base64url. */
  readonly authenticatorData?: string;
  readonly clientDataJSON?: string;
}

export type ApprovalState = 'open' | 'approved' | 'declined' | 'expired' | 'used';

export interface ApprovalRequest {
  readonly id: string;
  readonly statement: ApprovalStatement;
  /** The signed bytes: canonical JSON of the statement. */
  readonly payload: string;
  /** Lower-case hex SHA-256 of `payload`: what people compare. */
  readonly digest: string;
  readonly reason: string;
  /** Run of a runbook that waits for it. */
  readonly ref: string | null;
  readonly state: ApprovalState;
  readonly signatures: readonly { readonly person: string; readonly at: string; readonly signature: ApprovalSignature }[];
  readonly declined: { readonly by: string; readonly at: string; readonly reason: string } | null;
  /** Run id of the call that used it. */
  readonly usedBy: string | null;
  readonly createdAt: string;
}

/** What is about to happen, as the door sees it at the moment of the effect. */
export interface Effect extends Omit<ApprovalStatement, 'v' | 'request' | 'requester' | 'expiresAt' | 'policy' | 'installation' | 'environment'> {
  readonly runId: string;
  /** Id of who performs it. */
  readonly actor: string;
  readonly policy: AppliedPolicy;
}

export interface ApprovalService {
  /** The number of signatures that an operation needs now, and the policy it follows from. `least` is the declaration's own number. */
  policyFor(operation: string, risk: 'read' | 'change' | 'destroy', least: number): AppliedPolicy;
  /** Stores a request. The same run id gives the same request again. */
  open(request: {
    readonly runId: string;
    readonly requester: string;
    readonly effect: Omit<Effect, 'runId' | 'actor'>;
    readonly reason: string;
    readonly ref: string | null;
    /** At most, and by default, `approvals.validFor` of config.yaml. */
    readonly validForMs?: number | undefined;
  }): Promise<ApprovalRequest>;
  find(id: string): Promise<ApprovalRequest | undefined>;
  /** Newest first. */
  list(filter: { readonly states: readonly ApprovalState[]; readonly limit: number }): Promise<readonly ApprovalRequest[]>;
  /** Adds a person's signature, after it was verified. Repeating it changes nothing. APPROVAL_... says what is wrong with it. */
  sign(id: string, personId: string, signature: { readonly keyId: string; readonly text: string }): Promise<ApprovalRequest>;
  decline(id: string, personId: string, reason: string): Promise<ApprovalRequest>;
  /** One base64url DSSE envelope with every signature; undefined while some are missing. */
  tokenOf(request: ApprovalRequest): string | undefined;
  /**
   * Checks everything again and uses the approval up for this run id, in one transaction; the same run id may use it again.
   * Rejects with the APPROVAL_... code of what differs.
   */
  use(approval: { readonly token: string } | { readonly request: string }, effect: Effect): Promise<ApprovalRequest>;
  /** Called after a request was approved, declined or has expired. Returns how to stop listening. */
  onDecided(listener: (request: ApprovalRequest) => void): () => void;
}
