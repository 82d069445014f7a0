import type { KeyObject } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { monotonicMs } from '../core/clock.ts';
import { ElulmcError } from '../core/errors.ts';
import type { ErrorCode } from '../core/errors.ts';
import type { LedgerLog } from '../ledger/log.ts';
import type { WorkerStatus } from '../services/gateways/service.ts';
import type { PostureFeed } from '../services/posture/feed.ts';
import type { EngineKind } from '../services/posture/snapshot.ts';
import type { UpstreamAdapter } from '../upstreams/adapter.ts';
import type { GatewayContext } from './exchange.ts';
import { Credentials } from './credentials.ts';
import { closedReason, gate, gateSentence } from './gate.ts';
import type { LimitGrants } from './limits/grants.ts';
import { GatewayMetrics } from './metrics.ts';
import type { MetricJson } from './metrics.ts';
import { advance } from './pipeline.ts';
import { PostureView, SubjectKeys } from './posture-view.ts';
import { Recorder } from './recorder.ts';
import { createGatewayServer } from './server.ts';
import { SessionIssuer } from './session-issuer.ts';
import { DEFAULT_SETTINGS } from './settings.ts';
import type { GatewaySettings } from './settings.ts';
import { giveUpRecording } from './stages/record.ts';
import { UpstreamSet } from './upstream/upstream-set.ts';

/** Length of a lease (reference: version row, NOTIFY, 2 s lease); only used to tell its age. */
const LEASE_MS = 2_000;
const SWEEP_MS = 250;
const LONGEST_TIMER_MS = 1_000;
/** What "never" looks like in JSON. */
const NEVER_MS = 86_400_000;

export interface GatewayWorkerOptions {
  readonly slot: number;
  readonly host: string;
  readonly port: number;
  readonly feed: PostureFeed;
  readonly log: LedgerLog;
  /** Opens the subjects' wrapped keys. */
  readonly subjectMasterKey: Buffer;
  /** Signs session tokens; null: POST /v1/sessions is not served here. */
  readonly sessionSigningKey: KeyObject | null;
  readonly limits: LimitGrants;
  readonly adapterFor: (engine: EngineKind) => UpstreamAdapter;
  readonly settings?: Partial<GatewaySettings>;
}

export interface GatewayWorker {
  readonly port: number;
  status(): WorkerStatus;
  /** Why nothing is served now; null when requests are. */
  closed(): ErrorCode | null;
  metrics(): readonly MetricJson[];
  /** Stops listening, ends what runs with GATEWAY_STOPPING, closes the connections. Feed and log stay the caller's. */
  close(): Promise<void>;
}

/** The context's changing part, and the watch over what runs. */
class Watch {
  readonly context: GatewayContext;
  readonly #slot: number;
  readonly #sweep: NodeJS.Timeout;
  #lease: NodeJS.Timeout | undefined;
  #view: PostureView | undefined;
  #cutByLastChange = 0;
  #stopping = false;

  constructor(options: GatewayWorkerOptions) {
    const settings = { ...DEFAULT_SETTINGS, ...options.settings };
    this.#slot = options.slot;
    this.context = {
      settings,
      feed: options.feed,
      recorder: new Recorder(options.log, { stallMs: settings.ledgerStallMs, heartbeatMs: settings.heartbeatMs }, () => {
        this.#enforce();
      }),
      upstreams: new UpstreamSet(settings, options.adapterFor),
      credentials: new Credentials(),
      subjectKeys: new SubjectKeys(options.subjectMasterKey),
      limits: options.limits,
      metrics: new GatewayMetrics(() => this.#gauges()),
      sessions: options.sessionSigningKey === null ? null : new SessionIssuer(options.sessionSigningKey),
      running: new Set(),
      view: () => this.#current(),
      stopping: () => this.#stopping,
      advance,
    };
    options.feed.onChange((change) => {
      this.#changed(change);
    });
    this.#current();
    this.#watchLease();
    this.#sweep = setInterval(() => {
      this.#sweepRunning();
    }, SWEEP_MS);
    this.#sweep.unref();
  }

  status(): WorkerStatus {
    const gauges = this.#gauges();
    return {
      slot: this.#slot,
      log: this.context.recorder.log.name,
      postureVersion: gauges.postureVersion,
      killSwitch: this.context.feed.killSwitch(),
      leaseAgeMs: Math.round(gauges.leaseAgeSeconds * 1_000),
      activeRequests: gauges.activeRequests,
      activeStreams: gauges.activeStreams,
      cutByLastChange: this.#cutByLastChange,
    };
  }

  stop(): void {
    this.#stopping = true;
    this.#enforce();
    clearInterval(this.#sweep);
    clearTimeout(this.#lease);
  }

  /** The posture of now, indexed once per snapshot. */
  #current(): PostureView | undefined {
    const snapshot = this.context.feed.current();
    if (snapshot !== this.#view?.snapshot) {
      this.#view = snapshot === undefined ? undefined : new PostureView(snapshot);
      this.context.upstreams.update(snapshot?.upstreams ?? []);
    }
    return this.#view;
  }

  /** In the turn in which a change became known, everything that it forbids ends. The record follows. */
  #changed(change: 'posture' | 'killswitch'): void {
    if (this.#stopping) return;
    this.#current();
    const cut = this.#enforce();
    this.#cutByLastChange = cut;
    const { recorder, feed } = this.context;
    if (recorder.failed()) return;
    if (change === 'posture') {
      const version = feed.current()?.version ?? 0;
      recorder.note('posture.applied', `posture-${String(version)}`, 'apply posture', { version, cut });
    } else
      recorder.note('killswitch.observed', 'killswitch', feed.killSwitch() ? 'kill switch set' : 'kill switch removed', { present: feed.killSwitch(), cut });
  }

  /** Asks the gate about every running exchange; returns how many had to end. */
  #enforce(): number {
    let cut = 0;
    // One error for all that one reason ends: its id ties their entries together.
    const failures = new Map<ErrorCode, ElulmcError>();
    for (const exchange of this.context.running) {
      const code = gate(exchange);
      if (code === undefined) continue;
      cut += 1;
      const failure = failures.get(code) ?? new ElulmcError(code, gateSentence(code));
      failures.set(code, failure);
      exchange.fail(failure);
    }
    return cut;
  }

  /** Ends what the lease no longer covers, at its end and at the end of the grace for streams. */
  #watchLease(): void {
    const now = monotonicMs();
    const left = this.context.feed.leaseEndMs() - now;
    if (left <= 0 && this.context.running.size > 0) this.#enforce();
    // A renewal only moves the end further away, so a timer that fires early just looks again.
    const next = left > 0 ? Math.min(left + 1, LONGEST_TIMER_MS) : SWEEP_MS / 5;
    this.#lease = setTimeout(() => {
      this.#watchLease();
    }, next);
    this.#lease.unref();
  }

  /** What no event reports: a disk that does not answer, a client that does not read. */
  #sweepRunning(): void {
    const { running, recorder, settings } = this.context;
    const failed = recorder.failed();
    if (failed) this.#enforce();
    const now = monotonicMs();
    for (const exchange of running) {
      if (failed) giveUpRecording(exchange);
      if (now - (exchange.relay?.stalledSinceMs ?? Infinity) > settings.stalledClientMs) exchange.response.destroy();
    }
  }

  #gauges(): { activeRequests: number; activeStreams: number; ledgerLagSeconds: number; leaseAgeSeconds: number; postureVersion: number } {
    const { running, recorder, feed } = this.context;
    let activeStreams = 0;
    for (const exchange of running) if (exchange.relay?.flowing === true) activeStreams += 1;
    const ageMs = Math.max(0, Math.min(NEVER_MS, monotonicMs() - (feed.leaseEndMs() - LEASE_MS)));
    return {
      activeRequests: running.size,
      activeStreams,
      ledgerLagSeconds: recorder.log.lagMs() / 1_000,
      leaseAgeSeconds: ageMs / 1_000,
      postureVersion: feed.current()?.version ?? 0,
    };
  }
}

/**
 * Starts one worker: everything that a request meets, in this process. PORT_IN_USE when the port is taken.
 * It knows nothing of clusters; what it needs is given to it.
 */
export async function startGatewayWorker(options: GatewayWorkerOptions): Promise<GatewayWorker> {
  const watch = new Watch(options);
  const { context } = watch;
  const server = createGatewayServer(context);
  const end = async (): Promise<void> => {
    watch.stop();
    context.recorder.close();
    await context.upstreams.close();
  };
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(options.port, options.host, resolve);
    });
  } catch (error) {
    await end();
    const taken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
    throw new ElulmcError(taken ? 'PORT_IN_USE' : 'START_FAILED', `The gateway cannot listen on ${options.host}:${String(options.port)}.`, { cause: error });
  }
  return {
    port: (server.address() as AddressInfo).port,
    status: () => watch.status(),
    closed: () => closedReason(context) ?? null,
    metrics: () => context.metrics.export(),
    close: async () => {
      const closed = new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
      });
      watch.stop();
      // Streams were told to end; give their last event the time that any cut has, then close what is left.
      server.closeIdleConnections();
      const kill = setTimeout(() => {
        server.closeAllConnections();
      }, context.settings.cutGraceMs);
      await closed;
      clearTimeout(kill);
      await end();
    },
  };
}
