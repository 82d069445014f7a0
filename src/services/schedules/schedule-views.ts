import type { Database } from '../../store/database.ts';
import { findSchedule } from '../../store/schedule-rows.ts';
import { readSchedule } from './definition.ts';
import type { ScheduleDefinition } from './definition.ts';

/** A schedule as it is shown: GET /v1/runbooks/schedules. Instants are RFC 3339. */
export interface ScheduleView {
  readonly name: string;
  readonly runbook: string;
  readonly section: string | null;
  readonly cron: string;
  readonly timezone: string;
  /** When it comes due next; null for never. */
  readonly nextAt: string | null;
  /** Why it would start nothing; null where nothing is in its way. */
  readonly problem: string | null;
  /** The newest occurrence for which a run was wanted: `claimed` until the run exists for sure. */
  readonly last: {
    readonly dueAt: string;
    readonly runId: string;
    readonly state: 'claimed' | 'started' | 'failed';
    /** Why no run was started; null unless it failed. */
    readonly problem: string | null;
  } | null;
  /** The newest occurrence that was passed over, and the run that was still going then. */
  readonly skipped: { readonly at: string; readonly runId: string } | null;
}

export interface ScheduleViewOptions {
  readonly schedules: readonly ScheduleDefinition[];
  readonly database: Database;
  /** Why the run of a schedule could not be started now; null when it could. */
  readonly runProblem: (schedule: ScheduleDefinition) => Promise<string | null>;
}

/** The schedules of config.yaml in their order, as of `now`, in milliseconds since the Unix epoch. */
export function viewSchedules({ schedules, database, runProblem }: ScheduleViewOptions, now: number): Promise<readonly ScheduleView[]> {
  return Promise.all(
    schedules.map(async (definition): Promise<ScheduleView> => {
      const { name, runbook, section, cron, timezone } = definition;
      const schedule = readSchedule(definition, now);
      const next = 'problem' in schedule ? null : schedule.occurrences.after(now);
      const row = await database.run((statements) => findSchedule(statements, name));
      const { dueAt = null, runId = null, state = null, problem = null, skippedAt = null, skippedRun = null } = row ?? {};
      return {
        ...{ name, runbook, section, cron, timezone },
        nextAt: next === null ? null : new Date(next).toISOString(),
        problem: 'problem' in schedule ? schedule.problem : await runProblem(definition),
        last: dueAt === null || runId === null || state === null ? null : { dueAt, runId, state, problem },
        skipped: skippedAt === null || skippedRun === null ? null : { at: skippedAt, runId: skippedRun },
      };
    }),
  );
}
