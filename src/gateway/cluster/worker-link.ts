import cluster from 'node:cluster';
import type { Worker } from 'node:cluster';
import { ElulmcError } from '../../core/errors.ts';
import type { LimitBank } from '../limits/limit-bank.ts';
import type { MetricJson } from '../metrics.ts';
import type { PrimaryMessage, WorkerMessage, WorkerReport } from './messages.ts';

/** Requests live for a moment: a small nursery costs them no CPU and saves some 30 MB of each worker (docs/benchmarks.md). */
const V8_FLAGS = ['--max-semi-space-size=4'] as const;

/** How a worker process is started. */
export interface WorkerProgram {
  /** File that the worker runs. */
  readonly exec: string;
  readonly args: readonly string[];
  /** Sent as the first message, `{type: 'start', options}`. */
  readonly options: unknown;
}

/** The primary's end of one worker process. */
export class WorkerLink {
  readonly slot: number;
  readonly #worker: Worker;
  readonly #bank: LimitBank;
  readonly #waiting = new Map<number, (value: WorkerReport | readonly MetricJson[] | undefined) => void>();
  #ticket = 0;
  /** Resolves with the port; rejects when the worker ends, fails or stays silent before it is ready. */
  readonly ready: Promise<number>;
  /** Resolves with the reason once the process has ended. */
  readonly ended: Promise<string>;

  constructor(slot: number, program: WorkerProgram, bank: LimitBank, readyTimeoutMs: number) {
    this.slot = slot;
    this.#bank = bank;
    cluster.setupPrimary({ exec: program.exec, args: [...program.args], execArgv: [...V8_FLAGS] });
    this.#worker = cluster.fork();
    this.#worker.on('error', () => undefined);
    this.ended = new Promise((resolve) => {
      this.#worker.once('exit', (code: number | null, signal: string | null) => {
        bank.forget(slot);
        for (const answer of this.#waiting.values()) answer(undefined);
        this.#waiting.clear();
        resolve(code === null ? String(signal) : `code ${String(code)}`);
      });
    });
    this.ready = this.#awaitReady(readyTimeoutMs);
    this.#worker.send({ type: 'start', options: program.options });
  }

  get pid(): number {
    return this.#worker.process.pid ?? 0;
  }

  report(timeoutMs: number): Promise<WorkerReport | undefined> {
    return this.#ask('ask.report', timeoutMs) as Promise<WorkerReport | undefined>;
  }

  metrics(timeoutMs: number): Promise<readonly MetricJson[] | undefined> {
    return this.#ask('ask.metrics', timeoutMs) as Promise<readonly MetricJson[] | undefined>;
  }

  /** Closes the worker's channel, which asks it to stop; kills it after `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    const kill = setTimeout(() => this.#worker.process.kill('SIGKILL'), graceMs);
    if (this.#worker.isConnected()) this.#worker.disconnect();
    await this.ended;
    clearTimeout(kill);
  }

  #awaitReady(timeoutMs: number): Promise<number> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new ElulmcError('START_FAILED', `gateway worker ${String(this.slot)} was not ready after ${String(timeoutMs / 1_000)} s`));
        this.#worker.process.kill('SIGKILL');
      }, timeoutMs);
      void this.ended.then((reason) => {
        clearTimeout(timer);
        reject(new ElulmcError('START_FAILED', `gateway worker ${String(this.slot)} ended with ${reason} before it was ready`));
      });
      this.#worker.on('message', (message: WorkerMessage) => {
        if (message.type === 'ready') {
          clearTimeout(timer);
          resolve(message.port);
        } else if (message.type === 'failed') {
          clearTimeout(timer);
          reject(new ElulmcError(message.code, message.detail));
        } else this.#received(message);
      });
    });
  }

  #received(message: Exclude<WorkerMessage, { type: 'ready' | 'failed' }>): void {
    switch (message.type) {
      case 'limit.ask':
        this.#send({ type: 'limit.answer', ticket: message.ticket, answer: this.#bank.ask(this.slot, message.ask) });
        break;
      case 'limit.back':
        this.#bank.giveBack(this.slot, message.keyId, message.credit);
        break;
      case 'report':
        this.#answer(message.ticket, message.report);
        break;
      case 'metrics':
        this.#answer(message.ticket, message.metrics);
        break;
    }
  }

  #answer(ticket: number, value: WorkerReport | readonly MetricJson[]): void {
    const waiting = this.#waiting.get(ticket);
    this.#waiting.delete(ticket);
    waiting?.(value);
  }

  #ask(type: 'ask.report' | 'ask.metrics', timeoutMs: number): Promise<WorkerReport | readonly MetricJson[] | undefined> {
    this.#ticket += 1;
    const ticket = this.#ticket;
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(ticket);
        resolve(undefined);
      }, timeoutMs);
      this.#waiting.set(ticket, (value) => {
        clearTimeout(timer);
        resolve(value);
      });
      this.#send({ type, ticket });
    });
  }

  #send(message: PrimaryMessage): void {
    // The channel may close at any moment; what waits is answered when the worker's end is told.
    if (this.#worker.isConnected()) this.#worker.process.send(message, undefined, {}, ignore);
  }
}

function ignore(): void {
  return undefined;
}
