import { EXIT } from '../core/exit-codes.ts';
import type { ExitCode } from '../core/exit-codes.ts';
import type { CatalogueEntry } from '../operations/catalogue.ts';
import { bindLine } from './bind.ts';
import { parseRunbook } from './parse.ts';

/** What `runbook check` prints, and its `--json`. */
export interface CheckReport {
  readonly lines: readonly CheckedLine[];
  readonly bound: number;
  readonly unbound: number;
  /** 3 when any line is unbound. */
  readonly exit: ExitCode;
}

export interface CheckedLine {
  readonly line: number;
  readonly command: string;
  /** `security emergency-isolation`; null when the line is unbound. */
  readonly operation: string | null;
  /** Why it is unbound. */
  readonly reason: string | null;
}

/** Binds every command line of a runbook and performs nothing. RUNBOOK_INVALID when it cannot be read. */
export async function checkRunbook(catalogue: readonly CatalogueEntry[], text: string): Promise<CheckReport> {
  const { steps } = await parseRunbook(text);
  const lines: CheckedLine[] = [];
  for (const step of steps.filter(({ kind }) => kind === 'command')) {
    const binding = await bindLine(catalogue, step.text, step.folder);
    const isBound = 'entry' in binding;
    lines.push({
      line: step.line,
      command: step.text,
      operation: isBound ? `${binding.entry.room} ${binding.entry.name}` : null,
      reason: isBound ? null : binding.reason,
    });
  }
  const unbound = lines.filter(({ operation }) => operation === null).length;
  return { lines, bound: lines.length - unbound, unbound, exit: unbound > 0 ? EXIT.finding : EXIT.ok };
}
