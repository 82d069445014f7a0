import { EXIT } from '../core/exit-codes.ts';
import type { ExitCode } from '../core/exit-codes.ts';
import type { CatalogueEntry } from '../operations/catalogue.ts';
import type { StepAttributes } from './document.ts';
import { parseRunbook } from './parse.ts';
import { prepareLine } from './prepare.ts';
import { NO_TRUSTED_RUNBOOKS } from './trusted-runbooks.ts';
import type { TrustedRunbooks } from './trusted-runbooks.ts';

/** What `runbook check` prints, and its `--json`. */
export interface CheckReport {
  /** `name` of the front matter. */
  readonly name: string | null;
  readonly lines: readonly CheckedLine[];
  readonly bound: number;
  /** Lines that configuration allows to run as processes. */
  readonly processes: number;
  readonly unbound: number;
  /** 3 when any line is unbound. */
  readonly exit: ExitCode;
}

export interface CheckedLine {
  readonly line: number;
  readonly command: string;
  /** `security emergency-isolation`; null when the line is unbound or a process. */
  readonly operation: string | null;
  readonly process: boolean;
  /** Why it is unbound. */
  readonly reason: string | null;
  readonly attributes: StepAttributes;
}

/** Binds every command line of a runbook and performs nothing. RUNBOOK_INVALID when it cannot be read. */
export async function checkRunbook(catalogue: readonly CatalogueEntry[], text: string, trusted: TrustedRunbooks = NO_TRUSTED_RUNBOOKS): Promise<CheckReport> {
  const { name, steps } = await parseRunbook(text);
  const mayStartProcesses = trusted.find(text) !== undefined;
  const lines: CheckedLine[] = [];
  for (const step of steps.filter(({ kind }) => kind === 'command')) {
    const prepared = await prepareLine(catalogue, step, mayStartProcesses);
    const isUnbound = 'reason' in prepared;
    const entry = isUnbound ? undefined : prepared.command?.entry;
    lines.push({
      line: step.line,
      command: step.text,
      operation: entry === undefined ? null : `${entry.room} ${entry.name}`,
      process: !isUnbound && prepared.kind === 'process',
      reason: isUnbound ? prepared.reason : null,
      attributes: step.attributes,
    });
  }
  const processes = lines.filter(({ process }) => process).length;
  const bound = lines.filter(({ operation }) => operation !== null).length;
  const unbound = lines.length - bound - processes;
  return { name, lines, bound, processes, unbound, exit: unbound > 0 ? EXIT.finding : EXIT.ok };
}
