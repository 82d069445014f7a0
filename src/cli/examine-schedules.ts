import { wallMs } from '../core/clock.ts';
import { readConfig } from '../core/config.ts';
import { ElulmcError } from '../core/errors.ts';
import type { Home } from '../core/home.ts';
import { catalogue } from '../operations/catalogue.ts';
import { runbookFolders } from '../runbook/runbook-files.ts';
import { scheduledRunProblem } from '../runbook/scheduled-run.ts';
import type { Examined } from '../services/installation/examine.ts';
import { schedulesOf } from '../services/schedules/built-in-schedules.ts';
import { readSchedule } from '../services/schedules/definition.ts';
import type { ScheduleDefinition } from '../services/schedules/definition.ts';
import { configuredTrust } from './runbook-check.ts';

function configuredSchedules(home: Home): readonly ScheduleDefinition[] {
  try {
    return schedulesOf(readConfig(home.config));
  } catch (error) {
    // What is wrong with the configuration is said where it is looked at as a whole.
    if (error instanceof ElulmcError) return [];
    throw error;
  }
}

/** Whether each schedule of config.yaml could start its run. */
export async function examineSchedules(home: Home): Promise<readonly Examined[]> {
  const sources = { catalogue, folders: runbookFolders(home), trusted: configuredTrust(home) };
  return Promise.all(
    configuredSchedules(home).map(async (definition): Promise<Examined> => {
      const what = `schedule ${definition.name}`;
      const now = wallMs();
      const schedule = readSchedule(definition, now);
      const problem = 'problem' in schedule ? schedule.problem : await scheduledRunProblem(definition, sources);
      if (problem !== null) return { what, verdict: 'problem', found: `it starts nothing: ${problem}; mend schedules in ${home.config}` };
      const next = 'problem' in schedule ? null : schedule.occurrences.after(now);
      return { what, verdict: 'ok', found: `${definition.runbook}, next due ${next === null ? 'never' : new Date(next).toISOString()}` };
    }),
  );
}
