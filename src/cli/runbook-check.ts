import { existsSync } from 'node:fs';
import { readConfig } from '../core/config.ts';
import type { Config } from '../core/config.ts';
import { ElulmcError } from '../core/errors.ts';
import type { Home } from '../core/home.ts';
import { catalogue } from '../operations/catalogue.ts';
import { checkRunbook } from '../runbook/check.ts';
import type { CheckedLine } from '../runbook/check.ts';
import { distrusted, openTrustedRunbooks } from '../runbook/trusted-runbooks.ts';
import type { TrustedRunbooks } from '../runbook/trusted-runbooks.ts';
import type { Session } from './context.ts';
import { readRunbook } from './runbook-run.ts';
import { oneLine } from './runbook-state-text.ts';

const MAX_WIDTH = 80;

/** What the configuration of this home says; nothing where it is not here, not readable or not valid. */
function configuredProcesses(home: Home): Config['runbooks']['processes'] {
  if (!existsSync(home.config)) return [];
  try {
    return readConfig(home.config).runbooks.processes;
  } catch (error) {
    if (error instanceof ElulmcError || (error as NodeJS.ErrnoException).code === 'EACCES') return [];
    throw error;
  }
}

export function configuredTrust(home: Home): TrustedRunbooks {
  return openTrustedRunbooks(configuredProcesses(home), home.root);
}

function lineText({ line, command, operation, process, reason }: CheckedLine, width: number): string {
  const means = operation ?? (process ? 'process' : `unbound: ${reason ?? ''}`);
  return `${String(line).padStart(5)}  ${oneLine(command).padEnd(width)}  ${means}`;
}

/** `runbook check`: works without a control plane. */
export async function checkFile(session: Session, file: string): Promise<void> {
  const report = await checkRunbook(catalogue, readRunbook(session, file), configuredTrust(session.context.home));
  session.exit = report.exit;
  if (session.output.json) {
    session.output.object(report);
    return;
  }
  const width = Math.min(MAX_WIDTH, Math.max(0, ...report.lines.map(({ command }) => oneLine(command).length)));
  for (const line of report.lines) session.output.data(lineText(line, width));
  const processes = report.processes === 0 ? '' : `, ${String(report.processes)} run as processes`;
  session.output.words(`${String(report.bound)} of ${String(report.lines.length)} command lines are bound${processes}, ${String(report.unbound)} unbound.`);
  if (report.unbound === 0) return;
  const { home } = session.context;
  for (const why of distrusted(configuredProcesses(home), home.root)) session.output.words(`runbooks.processes in config.yaml does not count: ${why}`);
}
