import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { monotonicMs } from '../../core/clock.ts';
import { ElulmcError } from '../../core/errors.ts';
import type { GatewayStatus } from '../../services/gateways/service.ts';
import { LimitBank } from '../limits/limit-bank.ts';
import { createInternalListener } from './internal-listener.ts';
import { WorkerLink } from './worker-link.ts';
import type { WorkerProgram } from './worker-link.ts';

const ASK_MS = 400;
const SWEEP_MS = 60_000;
const STABLE_MS = 30_000;
const MAX_BACKOFF_MS = 5_000;
const STOP_GRACE_MS = 5_000;

export interface GatewayPrimaryOptions {
  readonly name: string;
  readonly workers: number;
  /** Where the workers listen; port 0 takes a free one, the same for all of them and after every restart. */
  readonly public: { readonly host: string; readonly port: number };
  /** How the worker of a slot is started; asked at every (re)start. */
  readonly program: (slot: number, port: number) => WorkerProgram;
  readonly readyTimeoutMs: number;
  readonly internal: { readonly host: string; readonly port: number; readonly token: string };
  /** Folder of each worker's log, by log name. */
  readonly logs: ReadonlyMap<string, string>;
  /** One line for the log of the process: a worker ended, was started again, cannot be started. */
  readonly onEvent: (text: string) => void;
}

export interface GatewayPrimary {
  /** Port of the public listener, shared by the workers. */
  readonly port: number;
  readonly internalPort: number;
  workerPids(): readonly number[];
  close(): Promise<void>;
}

/** One slot of the cluster: keeps a worker running, the same slot and so the same log. */
class Slot {
  readonly #options: GatewayPrimaryOptions;
  readonly #slot: number;
  readonly #bank: LimitBank;
  readonly #port: number;
  #failures = 0;
  #stopping = false;
  #retry: NodeJS.Timeout | undefined;
  link: WorkerLink;

  constructor(options: GatewayPrimaryOptions, slot: number, port: number, bank: LimitBank) {
    this.#options = options;
    this.#port = port;
    this.#slot = slot;
    this.#bank = bank;
    this.link = this.#start();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#retry);
    await this.link.stop(STOP_GRACE_MS);
  }

  #start(): WorkerLink {
    const { program, readyTimeoutMs } = this.#options;
    const link = new WorkerLink(this.#slot, program(this.#slot, this.#port), this.#bank, readyTimeoutMs);
    const since = monotonicMs();
    link.ready.catch((error: unknown) => {
      if (!this.#stopping)
        this.#options.onEvent(`gateway worker ${String(this.#slot)} did not start: ${error instanceof Error ? error.message : String(error)}`);
    });
    void link.ended.then((reason) => {
      this.#ended(reason, monotonicMs() - since);
    });
    return link;
  }

  #ended(reason: string, livedMs: number): void {
    if (this.#stopping) return;
    this.#failures = livedMs > STABLE_MS ? 1 : this.#failures + 1;
    this.#options.onEvent(`gateway worker ${String(this.#slot)} ended (${reason}); starting it again`);
    this.#retry = setTimeout(
      () => {
        this.link = this.#start();
      },
      this.#failures === 1 ? 0 : Math.min(MAX_BACKOFF_MS, 100 * 2 ** this.#failures),
    );
  }
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const code = error.code === 'EADDRINUSE' ? 'PORT_IN_USE' : 'START_FAILED';
      reject(new ElulmcError(code, `The gateway cannot listen on ${host}:${String(port)}.`, { cause: error }));
    });
    server.listen(port, host, () => {
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/**
 * The port itself, or a free one for 0: the cluster shares a listener by its number, so a worker that comes back must
 * ask for the number that the others have.
 */
async function freePort(host: string, port: number): Promise<number> {
  if (port !== 0) return port;
  const probe = createServer();
  const free = await listen(probe, host, 0);
  await new Promise<void>((resolve) => {
    probe.close(() => {
      resolve();
    });
  });
  return free;
}

async function statusOf(name: string, slots: readonly Slot[]): Promise<GatewayStatus> {
  const reports = await Promise.all(slots.map((slot) => slot.link.report(ASK_MS)));
  return { name, reachable: true, workers: reports.flatMap((report) => (report === undefined ? [] : [report.status])) };
}

async function closedOf(slots: readonly Slot[]): Promise<Record<string, string> | null> {
  const reports = await Promise.all(slots.map((slot) => slot.link.report(ASK_MS)));
  const closed = reports.flatMap((report, slot) => {
    const reason = report === undefined ? 'NOT_RUNNING' : report.closed;
    return reason === null ? [] : [[String(slot), reason] as const];
  });
  return closed.length === 0 ? null : Object.fromEntries(closed);
}

/**
 * Starts the gateway's primary: `workers` processes that share one public port, and the internal listener. Resolves
 * when every worker is ready; fails as the first worker that cannot start, and then nothing is left running.
 */
export async function startGatewayPrimary(options: GatewayPrimaryOptions): Promise<GatewayPrimary> {
  const bank = new LimitBank(options.workers);
  const port = await freePort(options.public.host, options.public.port);
  const slots = Array.from({ length: options.workers }, (_, slot) => new Slot(options, slot, port, bank));
  const listener = createInternalListener({
    token: options.internal.token,
    logs: options.logs,
    status: () => statusOf(options.name, slots),
    closed: () => closedOf(slots),
    metrics: async () => (await Promise.all(slots.map((slot) => slot.link.metrics(ASK_MS)))).flatMap((metrics) => (metrics === undefined ? [] : [metrics])),
  });
  const sweep = setInterval(() => {
    bank.sweep();
  }, SWEEP_MS);
  sweep.unref();
  const close = async (): Promise<void> => {
    clearInterval(sweep);
    listener.close();
    listener.closeAllConnections();
    await Promise.all(slots.map((slot) => slot.stop()));
  };
  try {
    const [internalPort] = await Promise.all([
      listen(listener, options.internal.host, options.internal.port),
      Promise.all(slots.map((slot) => slot.link.ready)),
    ]);
    return { port, internalPort, workerPids: () => slots.map((slot) => slot.link.pid), close };
  } catch (error) {
    await close();
    throw error;
  }
}
