import type { KeyObject } from 'node:crypto';
import { IncomingMessage, ServerResponse } from 'node:http';
import { monotonicMs } from '../core/clock.ts';
import { ElulmcError } from '../core/errors.ts';
import type { ErrorCode } from '../core/errors.ts';
import { newId } from '../core/ids.ts';
import type { Json } from '../ledger/entry.ts';
import type { PostureFeed } from '../services/posture/feed.ts';
import type { RouteDefinition, RouteTarget } from '../services/posture/snapshot.ts';
import type { RequestFields } from './body/request-fields.ts';
import type { Credentials, Identity } from './credentials.ts';
import type { Service } from './endpoints.ts';
import type { LimitClaimant, LimitGrants, LimitVerdict } from './limits/grants.ts';
import type { GatewayMetrics } from './metrics.ts';
import type { PostureView, SubjectKeys } from './posture-view.ts';
import type { Recorder } from './recorder.ts';
import type { SessionIssuer } from './session-issuer.ts';
import type { GatewaySettings } from './settings.ts';
import type { UpstreamSet } from './upstream/upstream-set.ts';

/** Node's request with its exchange, so that event listeners need no closure. */
export class GatewayRequest extends IncomingMessage {
  exchange: Exchange | undefined = undefined;
}

export class GatewayResponse extends ServerResponse<GatewayRequest> {
  exchange: Exchange | undefined = undefined;
}

/**
 * What a stage says: go on to the next one; wait (it calls `proceed` later); or the answer is settled (`failure` or
 * `answer` is set) and only record and reply are left.
 */
export type Step = 'next' | 'wait' | 'settled';

export type Stage = (exchange: Exchange) => Step;

/** An answer that is sent as a whole. */
export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: Buffer;
  /** Further headers: name, value, name, value. */
  readonly headers: readonly string[];
  readonly promptTokens: number | null;
  readonly completionTokens: number | null;
  readonly finish: string | null;
}

/** One try to have the request answered by one upstream, as the exchange knows it. */
export interface Attempt {
  /** Status of the head; 0 before it. */
  readonly status: number;
  /** Ends the upstream's work at once, also before the request was sent. Nothing is reported after it. */
  abort(problem?: string): void;
  summary(): Json;
}

/** The answer as a stream on its way to the client. */
export interface Relay {
  /** The head was sent; from here on a failure is an event of the stream. */
  readonly flowing: boolean;
  /** The model server reported an error inside the stream. */
  readonly failed: boolean;
  readonly sentBytes: number;
  /** Since when the client has not taken what was sent; Infinity while it does. */
  readonly stalledSinceMs: number;
  readonly promptTokens: number | null;
  readonly completionTokens: number | null;
  readonly tokensExact: boolean;
  readonly finish: string | null;
  /** Digest of the bytes sent so far. Call once. */
  digest(): string | null;
  /** Takes one piece from the upstream. */
  push(chunk: Buffer): void;
  /** The upstream ended its answer in order. */
  end(): void;
  /** Sends the head and what is held; from now on events leave as they come. */
  start(): void;
  /** Ends the stream with an error event. What has not left yet is dropped; the upstream stops at once. */
  cut(failure: ElulmcError): void;
  clientLeft(): void;
  drained(): void;
}

/** What the stages of a worker share. One per worker. */
export interface GatewayContext {
  readonly settings: GatewaySettings;
  readonly feed: PostureFeed;
  readonly recorder: Recorder;
  readonly upstreams: UpstreamSet;
  readonly credentials: Credentials;
  readonly subjectKeys: SubjectKeys;
  readonly limits: LimitGrants;
  readonly metrics: GatewayMetrics;
  /** Null where this gateway holds no key to sign sessions with. */
  readonly sessions: SessionIssuer | null;
  /** Exchanges that have begun and not ended. */
  readonly running: Set<Exchange>;
  /** The posture as it is now; undefined before the first one. */
  view(): PostureView | undefined;
  /** Whether the worker is stopping. */
  stopping(): boolean;
  /** Moves an exchange on through the pipeline. */
  advance(exchange: Exchange): void;
}

/** One request and its answer, from the first byte to the last. Everything that is known about it stands here. */
export class Exchange implements LimitClaimant {
  readonly id = newId('req');
  readonly startedMs = monotonicMs();
  readonly context: GatewayContext;
  readonly request: GatewayRequest;
  readonly response: GatewayResponse;

  // Place in the pipeline: number of the next stage.
  position = 0;
  waiting = false;
  /** What a stage was told before it came to wait. */
  early: Step | undefined = undefined;

  // receive
  path = '';
  service: Service | undefined = undefined;
  clientRequestId: string | null = null;
  /** Read at once: a connection that was closed no longer knows it. */
  remoteAddress = '';
  // authenticate
  identity: Identity | undefined = undefined;
  subjectKey: KeyObject | undefined = undefined;
  /** Generation of the installation's sessions under which this exchange was let in. */
  sessionGeneration = 0;
  // read the body
  parts: Buffer[] = [];
  bodyBytes = 0;
  bodyComplete = false;
  body: Buffer | undefined = undefined;
  fields: RequestFields | undefined = undefined;
  // admit
  /** Public model name; empty where there is none. */
  model = '';
  /** Whether the limits of the key were asked for this exchange, and given. */
  grant: 'none' | 'asked' | 'held' = 'none';
  takenMs = 0;
  /** Tokens that were asked for. */
  reserved = 0;
  // route, forward
  route: RouteDefinition | undefined = undefined;
  target: RouteTarget | undefined = undefined;
  readonly attempts: Attempt[] = [];
  relay: Relay | undefined = undefined;
  firstByteMs: number | null = null;
  // outcome
  settled = false;
  over = false;
  /** The client left before its answer was complete. */
  cancelled = false;
  failure: ElulmcError | undefined = undefined;
  retryAfterMs = 1_000;
  answer: Answer | undefined = undefined;
  // record
  openRecorded: 'no' | 'waiting' | 'durable' = 'no';
  /** What the record stage waits for. */
  recording: 'open' | 'done' | undefined = undefined;
  /** The entry of the whole exchange was appended: what comes after it corrects it. */
  doneRecorded = false;

  constructor(context: GatewayContext, request: GatewayRequest, response: GatewayResponse) {
    this.context = context;
    this.request = request;
    this.response = response;
  }

  /** Goes on where a stage waits. Ignored when the exchange went another way meanwhile: callers check `settled`. */
  proceed(step: 'next' | 'settled'): void {
    if (!this.waiting) {
      this.early = step;
      return;
    }
    this.waiting = false;
    this.early = step;
    this.context.advance(this);
  }

  /** Settles the answer as a failure; for use inside a stage. */
  refuse(code: ErrorCode, detail: string, options: { readonly field?: string; readonly cause?: unknown } = {}): 'settled' {
    return this.refuseWith(new ElulmcError(code, detail, options));
  }

  refuseWith(failure: ElulmcError): 'settled' {
    this.failure = failure;
    this.settled = true;
    return 'settled';
  }

  /** Ends the exchange from outside a stage: a cut, a timeout, a failing model server. Does nothing once settled. */
  fail(failure: ElulmcError): void {
    if (this.over) return;
    if (this.relay?.flowing === true) {
      this.relay.cut(failure);
      return;
    }
    if (this.settled) return;
    this.refuseWith(failure);
    this.abortUpstream();
    this.proceed('settled');
  }

  /** The client closed its connection. Nothing can be sent any more; the upstream must not work on. */
  clientLeft(): void {
    if (this.over || this.cancelled) return;
    this.cancelled = true;
    if (this.relay?.flowing === true) {
      this.relay.clientLeft();
      return;
    }
    this.abortUpstream();
    if (this.settled) return;
    this.settled = true;
    this.proceed('settled');
  }

  abortUpstream(): void {
    this.attempts.at(-1)?.abort();
  }

  limitAnswered(verdict: LimitVerdict): void {
    if (!this.settled) {
      this.proceed(this.applyVerdict(verdict));
      return;
    }
    // It ended while the question was on its way.
    if (verdict.granted && this.identity !== undefined) this.context.limits.release(this.identity.key, monotonicMs(), this.reserved, 0);
  }

  applyVerdict(verdict: LimitVerdict): 'next' | 'settled' {
    if (verdict.granted) {
      this.grant = 'held';
      this.takenMs = monotonicMs();
      return 'next';
    }
    this.grant = 'none';
    this.retryAfterMs = verdict.retryAfterMs;
    return this.refuse(verdict.code, 'This key is limited.');
  }
}
