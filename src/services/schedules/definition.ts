import type { Config } from '../../core/config.ts';
import { asElulmcError } from '../../core/errors.ts';
import { occurrencesOf } from '../windows/occurrences.ts';
import type { Occurrences } from '../windows/occurrences.ts';

export type ScheduleDefinition = Omit<Config['schedules'][number], 'enabled'>;

/** A schedule that can come due. */
export interface Schedule extends ScheduleDefinition {
  readonly occurrences: Occurrences;
}

/** The schedule, or why it can never start a run. */
export function readSchedule(definition: ScheduleDefinition, now: number): Schedule | { readonly problem: string } {
  try {
    const occurrences = occurrencesOf(definition.cron, definition.timezone, 'cron');
    if (occurrences.after(now) === null) return { problem: `${JSON.stringify(definition.cron)} never comes due` };
    return { ...definition, occurrences };
  } catch (error) {
    return { problem: asElulmcError(error).message };
  }
}
