/** The shapes of the control API, for its clients: the command line and the console. Types only. */
import type { Problem } from '../../core/errors.ts';
import type { Risk, Room } from '../../operations/declaration.ts';
import type { OperationReport } from '../../operations/report.ts';
import type { Role } from '../../services/people/roles.ts';

/** GET /v1/operations */
export interface CatalogueAnswer {
  readonly operations: readonly {
    readonly room: Room;
    readonly name: string;
    readonly runbookLine: string | null;
    readonly summary: string;
    readonly risk: Risk;
    readonly local: 'always' | 'fallback' | null;
  }[];
}

/** Events of POST /v1/operations/{room}/{name} with `accept: text/event-stream`, by the name of the event. */
export interface OperationEvents {
  readonly progress: { readonly text: string };
  /** The last event when the operation could do its work. */
  readonly result: OperationReport;
  /** The last event when it could not. */
  readonly error: Problem;
}

/** POST /v1/sign-in */
export interface SignInBody {
  readonly secret: string;
  readonly name: string;
  /** base64 SPKI DER of an Ed25519 public key. */
  readonly publicKey: string;
}

export interface SignedInPerson {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly createdAt: string;
}

export interface SignInAnswer {
  readonly person: SignedInPerson;
  /** Bearer token, shown once. */
  readonly token: string;
}

/** POST /v1/sign-in/invitation and POST /v1/sign-in/passkey; the session comes as a cookie. */
export interface SignedInAnswer {
  readonly person: SignedInPerson;
}

/** POST /v1/sign-in/device */
export interface DeviceStartBody {
  /** Name of the machine. */
  readonly name?: string;
  /** base64 SPKI DER of an Ed25519 public key. */
  readonly publicKey: string;
}

export interface DeviceStartAnswer {
  /** For POST /v1/sign-in/device/token; the command line's secret. */
  readonly deviceCode: string;
  /** For its person: `BCDF-GHJK`. */
  readonly userCode: string;
  /** Hex SHA-256 of the public key, as the browser shows it too. */
  readonly keyId: string;
  readonly verificationUrl: string;
  /** How long to wait between two questions. */
  readonly intervalMs: number;
  readonly expiresAt: string;
}

/** POST /v1/sign-in/device/find */
export interface DeviceAnswer {
  readonly name: string;
  readonly keyId: string;
  readonly expiresAt: string;
}

/** POST /v1/passkeys and POST /v1/sign-in/device/confirm */
export interface KeyAnswer {
  /** Id of the key that is registered now. */
  readonly key: string;
}

/** GET /v1/me */
export interface MeAnswer {
  readonly kind: 'person' | 'local';
  /** `per_...` or `local:<uid>`. */
  readonly id: string;
  readonly name: string | null;
  readonly role: Role | null;
  /** Calls past approvals or windows that nobody has reviewed, newest first; null for a user of the host. */
  readonly unreviewedBreakGlass: {
    readonly count: number;
    readonly uses: readonly { readonly runId: string; readonly operation: string; readonly actor: string; readonly reason: string; readonly at: string }[];
  } | null;
}

/** GET /health; status 200 when `ok`, else 503. */
export interface HealthAnswer {
  readonly ok: boolean;
  readonly installationId: string;
  readonly version: string;
  /** Part -> `ok` or what is wrong. */
  readonly parts: Readonly<Record<string, string>>;
}

/** GET /health of a control plane that stands by; everything else is answered with CONTROL_STANDBY there. */
export interface StandbyAnswer {
  readonly ok: true;
  readonly role: 'standby';
  /** `http://host:port` of who leads; null while nobody does. */
  readonly leader: string | null;
  readonly installationId: string;
  readonly version: string;
}
