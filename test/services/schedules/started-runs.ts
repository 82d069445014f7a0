import { occurrenceRunId } from '../../../src/services/schedules/occurrence-run-id.ts';
import type { ScheduleDefinition } from '../../../src/services/schedules/definition.ts';
import { createScheduler } from '../../../src/services/schedules/scheduler.ts';
import type { ScheduledRun, Scheduler } from '../../../src/services/schedules/scheduler.ts';
import type { Database } from '../../../src/store/database.ts';

const HALF_AN_HOUR = 1_800_000;

export const DAILY: ScheduleDefinition = { name: 'daily', runbook: 'daily.md', section: null, cron: '0 6 * * *', timezone: 'UTC', set: {} };
export const HOURLY: ScheduleDefinition = { ...DAILY, name: 'hourly', cron: '0 * * * *', section: 'Checks', set: { SYSTEM: 'demo' } };
export const ms = (text: string): number => Date.parse(text);

/** Every id that a test may meet, so that a run can be told by its instant. */
const DUE_OF = new Map<string, string>();
for (let due = ms('2026-03-01T00:00:00Z'); due < ms('2026-04-10T00:00:00Z'); due += HALF_AN_HOUR) {
  for (const name of ['daily', 'hourly']) DUE_OF.set(occurrenceRunId(name, due), new Date(due).toISOString().slice(0, 16));
}

/** The runs of an installation: what was started stays, whoever started it. */
export class StartedRuns {
  readonly started = new Map<string, ScheduledRun>();
  readonly going = new Set<string>();
  readonly events: string[] = [];
  calls = 0;
  failure: Error | undefined;
  /** The run is there, and nobody learns of it: as after a crash at that moment. */
  failAfter: Error | undefined;

  start(run: ScheduledRun): Promise<void> {
    this.calls++;
    if (this.failure !== undefined) return Promise.reject(this.failure);
    this.started.set(run.runId, run);
    return this.failAfter === undefined ? Promise.resolve() : Promise.reject(this.failAfter);
  }

  state(runId: string): Promise<'none' | 'going' | 'ended'> {
    return Promise.resolve(this.going.has(runId) ? 'going' : this.started.has(runId) ? 'ended' : 'none');
  }

  /** When the runs of a schedule were due, in the order of their start. */
  dueTimes(name: string): string[] {
    const ids = [...this.started.values()].filter(({ schedule }) => schedule.name === name).map(({ runId }) => runId);
    return ids.map((id) => DUE_OF.get(id) ?? id);
  }

  options(database: Database, schedules: readonly ScheduleDefinition[]) {
    return {
      schedules,
      database,
      startRun: (run: ScheduledRun) => this.start(run),
      runState: (runId: string) => this.state(runId),
      onEvent: (text: string) => this.events.push(text),
    };
  }

  /** A control plane that leads, as of its start. */
  leader(database: Database, now: string, ...schedules: ScheduleDefinition[]): Scheduler {
    return createScheduler(this.options(database, schedules), ms(now));
  }
}
