import { wallMs } from '../core/clock.ts';
import { ElulmcError } from '../core/errors.ts';
import { hasEnded } from '../services/runs/service.ts';
import type { RunService } from '../runbook/run-service.ts';
import { scheduledRequest, scheduledRunProblem } from '../runbook/scheduled-run.ts';
import type { ScheduleSources } from '../runbook/scheduled-run.ts';
import type { ScheduleDefinition } from '../services/schedules/definition.ts';
import { viewSchedules } from '../services/schedules/schedule-views.ts';
import type { ScheduleView } from '../services/schedules/schedule-views.ts';
import { startSchedules } from '../services/schedules/start-schedules.ts';
import type { Database } from '../store/database.ts';

const SYSTEM = { kind: 'system', id: 'system' } as const;

export interface OpenSchedulesOptions extends ScheduleSources {
  readonly schedules: readonly ScheduleDefinition[];
  /** That of the leader: fenced. */
  readonly database: Database;
  readonly runs: Pick<RunService, 'start' | 'view'>;
  readonly say: (text: string) => void;
}

export interface Schedules {
  view(): Promise<readonly ScheduleView[]>;
  /** Catches up what was missed, then starts what comes due. */
  start(): void;
  /** Waits for what is being started. */
  close(): Promise<void>;
}

/** The schedules of the control plane that leads. */
export function openSchedules({ schedules, database, runs, say, ...sources }: OpenSchedulesOptions): Schedules {
  const runProblem = (schedule: ScheduleDefinition): Promise<string | null> => scheduledRunProblem(schedule, sources);
  let running: { close(): Promise<void> } | undefined;

  async function runState(runId: string): Promise<'none' | 'going' | 'ended'> {
    try {
      return hasEnded((await runs.view(runId, SYSTEM)).state) ? 'ended' : 'going';
    } catch (error) {
      if (error instanceof ElulmcError && error.code === 'NOT_FOUND') return 'none';
      throw error;
    }
  }

  async function sayProblems(): Promise<void> {
    for (const schedule of schedules) {
      const problem = await runProblem(schedule);
      if (problem !== null) say(`schedule ${schedule.name} would start nothing: ${problem}`);
    }
  }

  return {
    view: () => viewSchedules({ schedules, database, runProblem }, wallMs()),
    start: () => {
      void sayProblems();
      running = startSchedules({
        schedules,
        database,
        startRun: async ({ schedule, runId, origin }) => {
          await runs.start({ ...(await scheduledRequest(schedule, sources)), runId }, SYSTEM, origin);
        },
        runState,
        onEvent: say,
      });
    },
    close: async () => {
      await running?.close();
    },
  };
}
