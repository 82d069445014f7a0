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

export interface SignInAnswer {
  readonly person: { readonly id: string; readonly name: string; readonly role: Role; readonly createdAt: string };
  /** Bearer token, shown once. */
  readonly token: string;
}

/** GET /v1/me */
export interface MeAnswer {
  readonly kind: 'person' | 'local';
  /** `per_...` or `local:<uid>`. */
  readonly id: string;
  readonly name: string | null;
  readonly role: Role | null;
}

/** GET /health; status 200 when `ok`, else 503. */
export interface HealthAnswer {
  readonly ok: boolean;
  readonly installationId: string;
  readonly version: string;
  /** Part -> `ok` or what is wrong. */
  readonly parts: Readonly<Record<string, string>>;
}
