import { asElulmcError } from '../../core/errors.ts';
import type { Database } from '../../store/database.ts';
import { findSchedule, forgetOtherSchedules, putSchedule, updateSchedule } from '../../store/schedule-rows.ts';
import type { ScheduleRow } from '../../store/schedule-rows.ts';
import { readSchedule } from './definition.ts';
import type { Schedule, ScheduleDefinition } from './definition.ts';
import { occurrenceRunId } from './occurrence-run-id.ts';

/** A run that has come due. */
export interface ScheduledRun {
  readonly schedule: ScheduleDefinition;
  readonly runId: string;
  /** `schedule:NAME` */
  readonly origin: string;
}

export interface SchedulerOptions {
  readonly schedules: readonly ScheduleDefinition[];
  /** That of the leader: a control plane that leads no more changes nothing. */
  readonly database: Database;
  /** Resolves once the run is there. The same run id is the same run. An error that no repetition mends ends this occurrence. */
  readonly startRun: (run: ScheduledRun) => Promise<void>;
  readonly runState: (runId: string) => Promise<'none' | 'going' | 'ended'>;
  readonly onEvent: (text: string) => void;
}

export interface Scheduler {
  /** Starts what has come due until `now`, in milliseconds since the Unix epoch. Resolves with the next instant at which something does, or null. */
  tick(now: number): Promise<number | null>;
}

/** Occurrences seen that lie farther ahead than this were seen by a clock that was wrong. */
const CLOCK_ERROR_MS = 86_400_000;
const MOST_COUNTED = 1_000;

const at = (ms: number): string => new Date(ms).toISOString();

function countBetween(schedule: Schedule, seen: number, due: number): string {
  let count = 0;
  for (let next = schedule.occurrences.after(seen); next !== null && next <= due && count < MOST_COUNTED; next = schedule.occurrences.after(next)) count++;
  return count < MOST_COUNTED ? String(count) : `${String(MOST_COUNTED)} or more`;
}

class RunScheduler implements Scheduler {
  readonly #options: SchedulerOptions;
  readonly #schedules: readonly Schedule[];
  #opened = false;
  /** What was said last about a schedule: a trouble that lasts is said once. */
  readonly #said = new Map<string, string>();

  constructor(options: SchedulerOptions, now: number) {
    this.#options = options;
    this.#schedules = options.schedules.flatMap((definition) => {
      const schedule = readSchedule(definition, now);
      if (!('problem' in schedule)) return [schedule];
      this.#say(definition.name, `cannot start anything: ${schedule.problem}`);
      return [];
    });
  }

  async tick(now: number): Promise<number | null> {
    await this.#open();
    for (const schedule of this.#schedules) {
      try {
        await this.#tick(schedule, now);
      } catch (error) {
        this.#say(schedule.name, `waits: ${asElulmcError(error).message}`);
      }
    }
    const next = this.#schedules.map((schedule) => schedule.occurrences.after(now)).filter((due) => due !== null);
    return next.length === 0 ? null : Math.min(...next);
  }

  async #open(): Promise<void> {
    if (this.#opened) return;
    const names = this.#options.schedules.map(({ name }) => name);
    await this.#options.database.transaction((statements) => forgetOtherSchedules(statements, names));
    this.#opened = true;
  }

  async #tick(schedule: Schedule, now: number): Promise<void> {
    const row = await this.#rowOf(schedule, now);
    if (row === undefined) return;
    const settled = row.state === 'claimed' ? await this.#begin(schedule, row) : row;
    const due = schedule.occurrences.atOrBefore(now);
    if (settled === undefined || due === null || due <= Date.parse(settled.seenUntil)) return;
    if (settled.runId !== null && settled.state === 'started' && (await this.#options.runState(settled.runId)) === 'going') {
      await this.#change(settled, { seenUntil: at(due), skippedAt: at(due), skippedRun: settled.runId });
      this.#say(schedule.name, `passes ${at(due)} over: ${settled.runId} is still going`);
      return;
    }
    const count = countBetween(schedule, Date.parse(settled.seenUntil), due);
    // Claimed before it is started: whatever happens then, it is this occurrence that is started, and once.
    const runId = occurrenceRunId(schedule.name, due);
    const claimed = await this.#change(settled, { seenUntil: at(due), dueAt: at(due), runId, state: 'claimed', problem: null });
    if (claimed === undefined) return;
    if (count !== '1') this.#say(schedule.name, `catches ${count} occurrences up with one run`);
    await this.#begin(schedule, claimed);
  }

  /** The row; a schedule that is new, or has another time table, starts with its next occurrence. */
  async #rowOf({ name, cron, timezone }: Schedule, now: number): Promise<ScheduleRow | undefined> {
    const { database } = this.#options;
    const row = await database.run((statements) => findSchedule(statements, name));
    if (row?.cron !== cron || row.timezone !== timezone) {
      return await database.transaction((statements) => putSchedule(statements, { name, cron, timezone, seenUntil: at(now) }));
    }
    if (Date.parse(row.seenUntil) <= now + CLOCK_ERROR_MS) return row;
    this.#say(name, `the clock was ahead when it saw to ${row.seenUntil}; it goes on from ${at(now)}`);
    return await this.#change(row, { seenUntil: at(now) });
  }

  /** Starts a claimed run. Undefined while that is not possible; it is tried again at the next tick. */
  async #begin(schedule: Schedule, row: ScheduleRow): Promise<ScheduleRow | undefined> {
    const { name } = schedule;
    const { startRun, runState } = this.#options;
    const runId = row.runId ?? '';
    try {
      // It may be there already: the last attempt ended before it could be written down.
      if ((await runState(runId)) === 'none') await startRun({ schedule, runId, origin: `schedule:${name}` });
    } catch (thrown) {
      const error = asElulmcError(thrown);
      if (error.row.retry !== 'no') throw error;
      this.#say(name, `could not start its run of ${row.dueAt ?? ''}: ${error.message}`);
      return await this.#change(row, { state: 'failed', problem: error.message });
    }
    this.#said.delete(name);
    return await this.#change(row, { state: 'started' });
  }

  #change(row: ScheduleRow, change: Parameters<typeof updateSchedule>[2]): Promise<ScheduleRow | undefined> {
    return this.#options.database.transaction((statements) => updateSchedule(statements, row, change));
  }

  #say(name: string, text: string): void {
    if (this.#said.get(name) === text) return;
    this.#said.set(name, text);
    this.#options.onEvent(`schedule ${name} ${text}`);
  }
}

/** `now` as in `tick`. Schedules that can never start anything are said to `onEvent` and left out. */
export function createScheduler(options: SchedulerOptions, now: number): Scheduler {
  return new RunScheduler(options, now);
}
