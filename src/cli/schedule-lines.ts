import { ElulmcError } from '../core/errors.ts';
import type { ScheduleView } from '../services/schedules/schedule-views.ts';
import { controlAddress } from './control-address.ts';
import { ask, RemoteProblem } from './control-client.ts';
import type { Session } from './context.ts';

const PATIENCE_MS = 3_000;

/** What the control plane says about its schedules; else why it says nothing. */
export async function askSchedules({ context }: Session): Promise<readonly ScheduleView[] | { readonly silent: string }> {
  try {
    const answer = await ask(controlAddress(context), { path: '/v1/runbooks/schedules', signal: AbortSignal.timeout(PATIENCE_MS) });
    return (answer as { readonly schedules: readonly ScheduleView[] }).schedules;
  } catch (error) {
    if (error instanceof ElulmcError || error instanceof RemoteProblem) return { silent: error.message };
    throw error;
  }
}

function lastText({ last, skipped }: ScheduleView): readonly string[] {
  const passed = skipped === null ? [] : [`${skipped.at} was passed over: ${skipped.runId} was still going`];
  if (last === null) return ['nothing started yet', ...passed];
  const became = { claimed: 'is being started', started: 'started', failed: `could not be started: ${last.problem ?? ''}` }[last.state];
  return [`last due ${last.dueAt}, ${last.runId} ${became}`, ...passed];
}

/** A schedule in a few lines. */
export function scheduleLines(schedule: ScheduleView): readonly string[] {
  const { name, runbook, section, cron, timezone, nextAt, problem } = schedule;
  const details = [...(problem === null ? [] : [`PROBLEM: ${problem}`]), ...lastText(schedule)];
  return [
    `${name}  ${runbook}${section === null ? '' : ` "${section}"`}  ${cron} ${timezone}  ${nextAt === null ? 'never due' : `next due ${nextAt}`}`,
    ...details.map((line) => `  ${line}`),
  ];
}
