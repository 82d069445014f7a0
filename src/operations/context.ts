import type { Home } from '../core/home.ts';
import type { BreakGlassService } from '../services/approvals/break-glass.ts';
import type { AppliedPolicy, ApprovalService, Touched } from '../services/approvals/service.ts';
import type { AttestationPolicyService } from '../services/attestation-policies/service.ts';
import type { ChangeService } from '../services/changes/service.ts';
import type { GatewayService } from '../services/gateways/service.ts';
import type { ModelService } from '../services/models/service.ts';
import type { Actor, PeopleService } from '../services/people/service.ts';
import type { PostureService } from '../services/posture/service.ts';
import type { RegistryService } from '../services/registry/service.ts';
import type { SessionService } from '../services/sessions/service.ts';
import type { WaiverService } from '../services/waivers/service.ts';
import type { WindowService } from '../services/windows/service.ts';

/** Everything that operations may use; made once by app.ts. */
export interface OperationServices {
  readonly home: Home;
  readonly posture: PostureService;
  readonly people: PeopleService;
  readonly gateways: GatewayService;
  readonly models: ModelService;
  readonly registry: RegistryService;
  readonly attestationPolicies: AttestationPolicyService;
  readonly sessions: SessionService;
  readonly waivers: WaiverService;
  readonly windows: WindowService;
  readonly changes: ChangeService;
  readonly approvals: ApprovalService;
  readonly breakGlass: BreakGlassService;
}

/** Another call as it would be made now. */
export interface PlannedCall {
  /** `deployment resume-operations` */
  readonly operation: string;
  /** Parsed, defaults filled in, without secret fields. */
  readonly input: Readonly<Record<string, unknown>>;
  /** Names of the secret fields that were given. */
  readonly secrets: readonly string[];
  readonly changes: readonly string[];
  readonly touches: readonly Touched[];
  readonly notes: readonly string[];
  /** What the policy asks for now; `required` is 0 when it needs no approval. */
  readonly policy: AppliedPolicy;
  /** Whether it can never need one: an emergency, or a part of approving itself. */
  readonly neverApproved: boolean;
}

/** One call of one operation. */
export interface OperationContext {
  readonly actor: Actor;
  /** `run_...`; the same for every attempt at the same step. */
  readonly runId: string;
  /** Run of a runbook that this call is a step of. */
  readonly ref: string | null;
  readonly services: OperationServices;
  /** Whether this is the caller's own process. Only there may an input name a file to read or write. */
  readonly local: boolean;
  readonly signal: AbortSignal;
  /** Says what is happening now; shown live and never stored. */
  readonly progress: (text: string) => void;
  /**
   * What the plan touches that this call performs, in the versions that were planned and perhaps approved. An emergency may have
   * changed them since: what is performed must leave out what is not this. Undefined while planning.
   */
  readonly planned?: readonly Touched[];
  /**
   * Plans another operation as this actor and changes nothing. `leastApprovals` as in a call. OPERATION_UNKNOWN, FIELD_INVALID,
   * NOT_ALLOWED, or what its plan fails with.
   */
  plan(room: string, name: string, input: unknown, leastApprovals: number): Promise<PlannedCall>;
}
