import { sleep, wallMs } from '../../core/clock.ts';
import { asElulmcError } from '../../core/errors.ts';
import { createScheduler } from './scheduler.ts';
import type { SchedulerOptions } from './scheduler.ts';

/** The clock is read at least this often: it may jump, and no timer knows. */
const LONGEST_WAIT_MS = 30_000;
const SHORTEST_WAIT_MS = 50;

export interface ScheduleClock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** Runs the schedules of the control plane that leads, until it is closed; close waits for what is being started. */
export function startSchedules(options: SchedulerOptions, clock: ScheduleClock = { now: wallMs, sleep }): { close(): Promise<void> } {
  const stopping = new AbortController();
  const scheduler = createScheduler(options, clock.now());

  async function wait(next: number | null): Promise<void> {
    const ms = Math.min(LONGEST_WAIT_MS, Math.max(SHORTEST_WAIT_MS, (next ?? Infinity) - clock.now()));
    await clock.sleep(ms, stopping.signal).catch(() => undefined);
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const next = await scheduler.tick(clock.now()).catch((error: unknown) => {
        options.onEvent(`schedules wait: ${asElulmcError(error).message}`);
        return null;
      });
      // The tick has forgotten the schedules that were there before.
      if (options.schedules.length === 0) return;
      await wait(next);
    }
  }

  const running = run();
  return {
    close: async () => {
      stopping.abort();
      await running;
    },
  };
}
