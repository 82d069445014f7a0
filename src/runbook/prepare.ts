import { ElulmcError } from '../core/errors.ts';
import type { CatalogueEntry } from '../operations/catalogue.ts';
import { bindLine } from './bind.ts';
import type { BoundCommand } from './bind.ts';
import type { RunbookStep } from './document.ts';
import { parameterNeeds } from './parameters.ts';
import type { ParameterNeed } from './parameters.ts';
import { parseRunbook } from './parse.ts';
import { findSection, stepsOf } from './sections.ts';

/** A step that can be run: a command with its operation, or a sentence for a person. */
export interface PreparedStep {
  readonly step: RunbookStep;
  /** Null for prose. */
  readonly command: BoundCommand | null;
}

export interface PreparedRun {
  /** Titles from the document's first heading down to the section. */
  readonly section: string;
  readonly steps: readonly PreparedStep[];
  readonly needs: readonly ParameterNeed[];
}

/**
 * Everything about a run that can be known before its first step. A section is run as a whole or not at all:
 * RUNBOOK_STEP_UNBOUND names every command that belongs to no operation; RUNBOOK_INVALID and USAGE as parse and section say.
 */
export async function prepareRun(catalogue: readonly CatalogueEntry[], text: string, wanted: string | undefined): Promise<PreparedRun> {
  const document = await parseRunbook(text);
  const section = findSection(document, wanted);
  const steps: PreparedStep[] = [];
  const unbound: string[] = [];
  for (const step of stepsOf(document, section)) {
    const binding = step.kind === 'prose' ? null : await bindLine(catalogue, step.text, step.folder);
    if (binding !== null && 'reason' in binding) unbound.push(`line ${String(step.line)}: ${step.text}: ${binding.reason}`);
    else steps.push({ step, command: binding });
  }
  const title = document.sections[section]?.path.join('/') ?? '';
  if (unbound.length > 0) throw new ElulmcError('RUNBOOK_STEP_UNBOUND', `nothing was run. ${unbound.slice(0, 10).join('; ')}`);
  if (steps.length === 0) throw new ElulmcError('USAGE', `the section "${title}" has no steps`, { field: 'section' });
  return { section: title, steps, needs: parameterNeeds(steps.flatMap(({ command }) => (command === null ? [] : [command]))) };
}
