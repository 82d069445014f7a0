import { catalogue } from '../operations/catalogue.ts';
import { listRunbooks, runbookFolders } from '../runbook/runbook-files.ts';
import type { KnownRunbook } from '../runbook/runbook-files.ts';
import type { Session } from './context.ts';
import { configuredTrust } from './runbook-check.ts';
import { askSchedules, scheduleLines } from './schedule-lines.ts';

function countText({ commands: { total, bound, processes }, prose }: KnownRunbook): string {
  const lines = total === 0 ? 'no commands' : `${String(bound)} of ${String(total)} commands bind${processes === 0 ? '' : `, ${String(processes)} processes`}`;
  return `${lines}, ${String(prose)} ${prose === 1 ? 'step' : 'steps'} for people`;
}

/** `runbook list`: the runbooks that can be named without a path, and the schedules. Without a control plane only the former. */
export async function listFiles(session: Session): Promise<void> {
  const { output, context } = session;
  const folders = runbookFolders(context.home);
  const known = await listRunbooks(catalogue, folders, configuredTrust(context.home));
  const schedules = await askSchedules(session);
  const isSilent = 'silent' in schedules;
  if (output.json) {
    output.object({ folders, runbooks: known, schedules: isSilent ? null : schedules });
    return;
  }
  const width = Math.max(0, ...known.map(({ file }) => file.length));
  for (const runbook of known) {
    const hidden = runbook.overridden ? '  (another one of this name goes before it)' : '';
    output.data(`${runbook.file.padEnd(width)}  ${runbook.problem ?? countText(runbook)}${hidden}`);
    if (runbook.description !== null) output.data(`${' '.repeat(width)}  ${runbook.description}`);
    output.data(`${' '.repeat(width)}  ${runbook.path}`);
    for (const section of runbook.sections) output.data(`${' '.repeat(width)}    ${section}`);
  }
  output.words(`${String(known.length)} runbooks in ${folders.join(' and ')}.`);
  if (isSilent) {
    output.words(`Schedules are known to the control plane: ${schedules.silent}.`);
    return;
  }
  if (schedules.length > 0) output.data('');
  for (const line of schedules.flatMap(scheduleLines)) output.data(line);
  output.words(`${String(schedules.length)} ${schedules.length === 1 ? 'schedule' : 'schedules'}.`);
}
