import { Cron } from 'croner';
import { ElulmcError } from '../../core/errors.ts';

/** The instants of a cron expression in a time zone, in milliseconds since the Unix epoch, whole seconds. */
export interface Occurrences {
  /** The first one after `ms`; null when there is none. */
  after(ms: number): number | null;
  /** The last one at or before `ms`; null when there is none. */
  atOrBefore(ms: number): number | null;
}

/**
 * Daylight saving: a time that is given in full (no `*` and no step in its seconds, minutes and hours) occurs once a day; when
 * clocks skip it, at the first instant after the gap, and when they show it twice, the first time. An expression with `*` or a step
 * there occurs whenever clocks show a time that fits. CONFIG_INVALID names `field` when the expression or the zone is none.
 */
export function occurrencesOf(expression: string, timezone: string, field: string): Occurrences {
  let cron: Cron;
  try {
    cron = new Cron(expression, { timezone, mode: '5-or-6-parts', fixedTimeRule: 'no-wildcard', paused: true });
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^CronPattern: /, '') : String(error);
    throw new ElulmcError('CONFIG_INVALID', `${field}: ${JSON.stringify(expression)} is not a cron expression: ${reason}`, { field, cause: error });
  }
  return {
    after: (ms) => cron.nextRun(new Date(ms))?.getTime() ?? null,
    // previousRuns takes what is before its reference.
    atOrBefore: (ms) => cron.previousRuns(1, new Date(Math.floor(ms / 1_000) * 1_000 + 1_000))[0]?.getTime() ?? null,
  };
}
