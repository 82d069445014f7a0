import { sleep } from '../core/clock.ts';
import { asElulmcError } from '../core/errors.ts';
import { newId } from '../core/ids.ts';
import { hasEnded } from '../services/runs/service.ts';
import type { DurableEngine } from '../services/runs/service.ts';
import { workflowId } from './run-advance.ts';
import type { RunRow } from './run-model.ts';
import type { RunParts } from './run-parts.ts';

const PAUSE_MS = 500;

/**
 * Tells the durable engine what the rows of runs say. A row is committed before the engine hears of it, so nothing here may fail for
 * good: what cannot be told now is told again until this control plane stops, and by the next one at its start.
 */
export class RunEngine {
  readonly #parts: Pick<RunParts, 'store' | 'onEvent'>;
  readonly #engine: DurableEngine;
  readonly #stopping: AbortSignal;

  constructor(parts: Pick<RunParts, 'store' | 'onEvent'>, engine: DurableEngine, stopping: AbortSignal) {
    this.#parts = parts;
    this.#engine = engine;
    this.#stopping = stopping;
  }

  /** Goes on with every open run: its start or its wake may have been lost between the commit of a row and the engine. */
  async takeUp(): Promise<void> {
    for (const run of await this.#parts.store.open()) {
      await this.#engine.start(workflowId(run.id, run.attempt));
      this.wake(run);
    }
  }

  /** Resolves once the engine has taken the run, or is known not to answer now. */
  async start(run: RunRow): Promise<void> {
    const start = (): Promise<void> => this.#engine.start(workflowId(run.id, run.attempt));
    try {
      await start();
    } catch (error) {
      this.#parts.onEvent(`run ${run.id} waits for its start: ${asElulmcError(error).message}`);
      void this.#again(start);
    }
  }

  wake(run: RunRow): void {
    const key = newId('run');
    void this.#again(() => this.#engine.wake(workflowId(run.id, run.attempt), key));
  }

  /** Wakes the run in the attempt that it is in; one that has ended or never was needs nothing. */
  wakeById(id: string): void {
    void this.#again(async () => {
      const record = await this.#parts.store.find(id);
      if (record !== undefined && !hasEnded(record.run.state)) this.wake(record.run);
    });
  }

  close(): Promise<void> {
    return this.#engine.close();
  }

  async #again(work: () => Promise<void>): Promise<void> {
    while (!this.#stopping.aborted) {
      try {
        await work();
        return;
      } catch {
        await sleep(PAUSE_MS, this.#stopping).catch(() => undefined);
      }
    }
  }
}
