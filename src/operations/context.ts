import type { Home } from '../core/home.ts';
import type { GatewayService } from '../services/gateways/service.ts';
import type { ModelService } from '../services/models/service.ts';
import type { Actor, PeopleService } from '../services/people/service.ts';
import type { PostureService } from '../services/posture/service.ts';
import type { SessionService } from '../services/sessions/service.ts';

/** Everything that operations may use; made once by app.ts. */
export interface OperationServices {
  readonly home: Home;
  readonly posture: PostureService;
  readonly people: PeopleService;
  readonly gateways: GatewayService;
  readonly models: ModelService;
  readonly sessions: SessionService;
}

/** One call of one operation. */
export interface OperationContext {
  readonly actor: Actor;
  /** `run_...`; the same for every attempt at the same step. */
  readonly runId: string;
  readonly services: OperationServices;
  /** Whether this is the caller's own process. Only there may an input name a file to read or write. */
  readonly local: boolean;
  readonly signal: AbortSignal;
  /** Says what is happening now; shown live and never stored. */
  readonly progress: (text: string) => void;
}
