import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { monotonicMs } from '../../core/clock.ts';
import type { Json } from '../../ledger/entry.ts';
import type { Attempt, Exchange } from '../exchange.ts';

/** What an attempt reports; one object for all exchanges. */
export interface AttemptEvents {
  /** The head arrived; informational heads are not reported. */
  head(exchange: Exchange, attempt: UpstreamAttempt, headers: IncomingHttpHeaders): void;
  data(exchange: Exchange, attempt: UpstreamAttempt, chunk: Buffer): void;
  end(exchange: Exchange, attempt: UpstreamAttempt): void;
  error(exchange: Exchange, attempt: UpstreamAttempt, error: Error): void;
}

const ABORTED = new Error('aborted by the gateway');

/** One try to have one request answered by one upstream: the handler that undici drives. One object per try. */
export class UpstreamAttempt implements Dispatcher.DispatchHandler, Attempt {
  readonly upstream: string;
  readonly model: string;
  readonly startedMs = monotonicMs();
  /** The gateway asked for usage where the client did not. */
  readonly addedUsage: boolean;
  readonly #exchange: Exchange;
  readonly #events: AttemptEvents;
  #controller: Dispatcher.DispatchController | undefined = undefined;
  #over = false;
  #tookMs: number | null = null;
  status = 0;
  /** Why it failed; null while it has not. */
  problem: string | null = null;
  /** Collected answer, where it is not a stream. */
  parts: Buffer[] = [];
  bytes = 0;
  contentType = '';
  headers: readonly string[] = [];

  constructor(exchange: Exchange, events: AttemptEvents, upstream: string, model: string, addedUsage: boolean) {
    this.#exchange = exchange;
    this.#events = events;
    this.upstream = upstream;
    this.model = model;
    this.addedUsage = addedUsage;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // The client may have left while the connection was being made.
    if (this.#over) controller.abort(ABORTED);
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (this.#over || status < 200) return;
    this.status = status;
    this.#events.head(this.#exchange, this, headers);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#over) this.#events.data(this.#exchange, this, chunk);
  }

  onResponseEnd(): void {
    if (this.#over) return;
    this.#finish();
    this.#events.end(this.#exchange, this);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#over) return;
    this.#finish();
    this.problem = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
    this.#events.error(this.#exchange, this, error);
  }

  abort(problem: string | null = null): void {
    if (this.#over) return;
    this.#finish();
    this.problem = problem;
    this.#controller?.abort(ABORTED);
  }

  pause(): void {
    if (!this.#over) this.#controller?.pause();
  }

  resume(): void {
    if (!this.#over) this.#controller?.resume();
  }

  summary(): Json {
    return { upstream: this.upstream, model: this.model, status: this.status === 0 ? null : this.status, problem: this.problem, tookMs: this.#tookMs };
  }

  #finish(): void {
    this.#over = true;
    this.#tookMs = Math.round((monotonicMs() - this.startedMs) * 10) / 10;
  }
}
