import { catalogue } from '../operations/catalogue.ts';
import { checkRunbook } from '../runbook/check.ts';
import type { CheckedLine } from '../runbook/check.ts';
import { readRunbookFile } from '../runbook/parse.ts';
import type { Session } from './context.ts';

function lineText({ line, command, operation, reason }: CheckedLine, width: number): string {
  const shown = command.replaceAll(/\s*\\?\n\s*/g, ' ').padEnd(width);
  return `${String(line).padStart(5)}  ${shown}  ${operation ?? `unbound: ${reason ?? ''}`}`;
}

/** `runbook check`: works without a control plane. */
export async function checkFile(session: Session, file: string): Promise<void> {
  const report = await checkRunbook(catalogue, readRunbookFile(file));
  session.exit = report.exit;
  if (session.output.json) {
    session.output.object(report);
    return;
  }
  const width = Math.min(80, Math.max(0, ...report.lines.map(({ command }) => command.length)));
  for (const line of report.lines) session.output.data(lineText(line, width));
  session.output.words(`${String(report.bound)} of ${String(report.lines.length)} command lines are bound, ${String(report.unbound)} unbound.`);
}
