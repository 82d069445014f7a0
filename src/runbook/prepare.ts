import { ElulmcError } from '../core/errors.ts';
import type { CatalogueEntry } from '../operations/catalogue.ts';
import { bindLine } from './bind.ts';
import type { BoundCommand } from './bind.ts';
import type { Word } from './command-line.ts';
import type { RunbookStep } from './document.ts';
import { parameterNeeds, secretOfProcess } from './parameters.ts';
import type { ParameterNeed, ParameterUse } from './parameters.ts';
import { parseRunbook } from './parse.ts';
import { processLine } from './process-line.ts';
import { findSection, sectionText, stepsOf, titleOf } from './sections.ts';
import type { TrustedRunbooks } from './trusted-runbooks.ts';

/** A step that can be run: a command with its operation, a process with its words, or a sentence for a person. */
export interface PreparedStep {
  readonly step: RunbookStep;
  readonly kind: 'command' | 'process' | 'prose';
  /** Null for processes and prose. */
  readonly command: BoundCommand | null;
  /** The program and its arguments of a process; null for commands and prose. */
  readonly words: readonly Word[] | null;
}

export interface PreparedRun {
  /** `name` of the front matter, else the first heading. */
  readonly runbook: string;
  /** Titles from the document's first heading down to the section; `/` for the whole document. Preparing it again takes this text. */
  readonly section: string;
  readonly steps: readonly PreparedStep[];
  readonly needs: readonly ParameterNeed[];
}

/** What a line is: an operation's command, a process where the document may start some, or neither. */
export async function prepareLine(
  catalogue: readonly CatalogueEntry[],
  step: RunbookStep,
  mayStartProcesses: boolean,
): Promise<PreparedStep | { readonly reason: string }> {
  const binding = await bindLine(catalogue, step.text, step.folder);
  if (!('reason' in binding)) return { step, kind: 'command', command: binding, words: null };
  const line = processLine(catalogue, step.text, step.folder);
  // What keeps a line of a trusted runbook from being a process is what its author has to mend.
  if ('reason' in line) return { reason: mayStartProcesses ? `${binding.reason}; as a process: ${line.reason}` : binding.reason };
  if (!mayStartProcesses) return { reason: `${binding.reason}, and this runbook may start no processes (runbooks.processes in config.yaml)` };
  return { step, kind: 'process', command: null, words: line.words };
}

/** What uses parameters in these steps. */
function usesOf(steps: readonly PreparedStep[]): readonly ParameterUse[] {
  return steps.flatMap(({ command, words }): readonly ParameterUse[] => (command !== null ? [command] : words !== null ? [{ words }] : []));
}

/**
 * Everything about a run that can be known before its first step. A section is run as a whole or not at all:
 * RUNBOOK_STEP_UNBOUND names every command that is neither an operation nor a process that this text may start;
 * RUNBOOK_INVALID and USAGE as parse and section say, and USAGE when a secret would be the argument of a process.
 */
export async function prepareRun(
  catalogue: readonly CatalogueEntry[],
  text: string,
  wanted: string | undefined,
  trusted: TrustedRunbooks,
): Promise<PreparedRun> {
  const document = await parseRunbook(text);
  const section = findSection(document, wanted);
  const mayStartProcesses = trusted.find(text) !== undefined;
  const steps: PreparedStep[] = [];
  const unbound: string[] = [];
  for (const step of stepsOf(document, section)) {
    const prepared: PreparedStep | { readonly reason: string } =
      step.kind === 'prose' ? { step, kind: 'prose', command: null, words: null } : await prepareLine(catalogue, step, mayStartProcesses);
    if ('reason' in prepared) unbound.push(`line ${String(step.line)}: ${step.text}: ${prepared.reason}`);
    else steps.push(prepared);
  }
  const title = sectionText(document, section);
  if (unbound.length > 0) throw new ElulmcError('RUNBOOK_STEP_UNBOUND', `nothing was run. ${unbound.slice(0, 10).join('; ')}`);
  if (steps.length === 0) throw new ElulmcError('USAGE', `the section "${title}" has no steps`, { field: 'section' });
  const uses = usesOf(steps);
  const secret = secretOfProcess(uses);
  if (secret !== undefined) {
    throw new ElulmcError('USAGE', `nothing was run: the parameter ${secret} is a secret, and a process would show it to everybody on the host`, {
      field: secret,
    });
  }
  return { runbook: titleOf(document), section: title, steps, needs: parameterNeeds(uses) };
}
