import type { Command } from 'commander';
import { ElulmcError } from '../../core/errors.ts';
import { newId } from '../../core/ids.ts';
import { catalogue } from '../../operations/catalogue.ts';
import { bindWords } from '../../runbook/bind.ts';
import type { BoundCommand } from '../../runbook/bind.ts';
import { readCommandLine } from '../../runbook/command-line.ts';
import type { CommandLine } from '../../runbook/command-line.ts';
import { approvalTokenOf, inputOf, parameterNeeds } from '../../runbook/parameters.ts';
import { tokenApproval } from '../call-permit.ts';
import type { Session } from '../context.ts';
import { interruptible } from '../interrupt.ts';
import { readSettings, resolveParameters } from '../parameter-values.ts';
import { printReport } from '../report-text.ts';
import { runOperation } from '../run-operation.ts';

/** One argument is a whole line as the document has it; several are words that a shell has split already (shims). */
function lineOf(words: readonly string[]): CommandLine {
  const [only, ...more] = words;
  if (only !== undefined && more.length === 0) return readCommandLine(only);
  return { words: words.map((text) => [{ text }]) };
}

async function bound(words: readonly string[]): Promise<BoundCommand> {
  const line = lineOf(words);
  const binding = 'reason' in line ? line : await bindWords(catalogue, line.words, '');
  if ('reason' in binding) throw new ElulmcError('RUNBOOK_STEP_UNBOUND', `"${words.join(' ')}": ${binding.reason}`);
  return binding;
}

function collect(value: string, earlier: readonly string[] | undefined): readonly string[] {
  return [...(earlier ?? []), value];
}

interface RunOptions {
  readonly set?: readonly string[];
  readonly setFile?: readonly string[];
  readonly dryRun?: boolean;
  readonly input?: boolean;
  readonly yes?: boolean;
}

export function registerRun(command: Command, session: Session): void {
  command
    .argument('<line...>', 'the command line, quoted as one word, or its words')
    .option('--set <NAME=value>', 'value of a parameter $NAME of the line; may be given several times', collect)
    .option('--set-file <NAME=path>', 'the same, read from a file: for secrets', collect)
    .option('--dry-run', 'say what would change, and change nothing')
    .option('--yes', 'ask nothing')
    .option('--no-input', 'ask nothing')
    .option('--json', 'print the report as JSON')
    .addHelpText('after', "\nExamples:\n  elulmc run -- ./security/emergency_isolation.sh\n  elulmc run -- './audits/check_logs.sh --recent'")
    .action(async (words: readonly string[], options: RunOptions) => {
      const chosen = await bound(words);
      const mayAsk = options.input !== false && options.yes !== true;
      const settings = readSettings(options.set ?? [], options.setFile ?? [], session.context.runbookParameter);
      const values = await interruptible((signal) => resolveParameters(session, settings, parameterNeeds([chosen]), mayAsk, signal));
      const input = inputOf(chosen, values);
      const dryRun = options.dryRun === true && chosen.declaration.risk !== 'read';
      const token = approvalTokenOf(chosen, values);
      const approval = token === undefined ? undefined : tokenApproval(token);
      const report = await runOperation(session, chosen.declaration, input, { runId: newId('run'), dryRun, approval });
      printReport(session.output, chosen.declaration, report);
      session.exit = report.exit;
    });
}
