import type { Config } from '../../core/config.ts';
import type { ScheduleDefinition } from './definition.ts';

/**
 * What every installation does without being told: nobody writes down to look whether models are still what they were. Minute 17: not
 * with everything else that begins at full hours.
 */
const BUILT_IN: readonly ScheduleDefinition[] = [
  { name: 'model-integrity', runbook: 'model-integrity', section: 'Scheduled Check', cron: '17 * * * *', timezone: 'UTC', set: {} },
];

/** The schedules that start runs. An entry of config.yaml takes the place of a built-in one of its name; `enabled: false` turns it off. */
export function schedulesOf({ schedules }: Pick<Config, 'schedules'>): readonly ScheduleDefinition[] {
  const own = schedules.filter(({ enabled }) => enabled).map(({ enabled: _enabled, ...schedule }) => schedule);
  return [...own, ...BUILT_IN.filter(({ name }) => !schedules.some((schedule) => schedule.name === name))];
}
