import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import type { Session } from '../context.ts';

const MAX_LIMIT = 500;
const PARAMETERS = '\nParameters come from --set, --set-file, ELULMC_SET_NAME, then a question; never from $NAME of your shell.';
const FILES = '\nFILE is a path, or the name of one of: elulmc runbook list.';

function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  elulmc runbook ${line}`).join('\n')}`;
}

function collect(value: string, earlier: readonly string[] | undefined): readonly string[] {
  return [...(earlier ?? []), value];
}

function limit(text: string): string {
  if (!/^[1-9]\d*$/.test(text) || Number(text) > MAX_LIMIT) throw new InvalidArgumentError(`it must be a number from 1 to ${String(MAX_LIMIT)}`);
  return text;
}

function addParameters(command: Command): Command {
  return command
    .option('--set <NAME=value>', 'value of a parameter $NAME; may be given several times', collect)
    .option('--set-file <NAME=path>', 'the same, read from a file: for secrets', collect);
}

function addSection(command: Command): Command {
  return command
    .option('--section <path>', 'titles of the section, outermost first: "Model Compromise Response/Immediate Actions"')
    .option('--all', 'the whole document, from its first step to its last');
}

function addFollowing(command: Command): Command {
  return command
    .option('--wait', 'go on waiting for people without a terminal; else the command ends with 4 there and the run goes on')
    .option('--detach', 'do not follow the run')
    .option('--no-input', 'ask nothing');
}

function addList(command: Command, session: Session): void {
  command
    .command('list')
    .description('List the runbooks that can be named without a path: those of this installation and those of this program.')
    .option('--json', 'print an object')
    .addHelpText('after', examples('list'))
    .action(async () => {
      const { listFiles } = await import('../runbook-list.ts');
      await listFiles(session);
    });
}

function addCheck(command: Command, session: Session): void {
  command
    .command('check <file>')
    .description('Print each command line of a runbook and the operation it binds to. Exits 3 when any is unbound.')
    .option('--json', 'print an object')
    .addHelpText('after', FILES + '\n' + examples('check model-compromise', 'check ./our-runbook.md --json'))
    .action(async (file: string) => {
      const { checkFile } = await import('../runbook-check.ts');
      await checkFile(session, file);
    });
}

function addPlan(command: Command, session: Session): void {
  const plan = command
    .command('plan <file>')
    .description('Say what each step of a section would change now, and change nothing. Exits 3 when one cannot be planned.');
  addParameters(addSection(plan))
    .option('--json', 'print an object')
    .addHelpText(
      'after',
      PARAMETERS +
        FILES +
        '\n' +
        examples('plan model-compromise --section "Immediate Actions"', 'plan security-alert --set SYSTEM=primary', 'plan ./our-runbook.md --all --json'),
    )
    .action(async (file: string, options: Record<string, unknown>) => {
      const { planFile } = await import('../runbook-plan.ts');
      await planFile(session, file, options);
    });
}

function addRun(command: Command, session: Session): void {
  const run = command
    .command('run <file>')
    .description('Run the steps of one section in order, in the control plane, and follow them. Ctrl-C leaves the run: it goes on.');
  addFollowing(addParameters(addSection(run)))
    .option('--run-id <id>', 'repeat an earlier run: what it applied is not applied twice')
    .option('--change <id>', 'the scheduled change (chg_...) that this run carries out')
    .option('--yes', 'record steps for a person as skipped, never as confirmed')
    .option('--json', 'print the run as JSON')
    .addHelpText(
      'after',
      PARAMETERS +
        FILES +
        '\n' +
        examples(
          'run model-compromise --section "Immediate Actions"',
          'run security-alert --set SYSTEM=primary --wait',
          'run daily --yes --json',
          'run weekly --detach',
        ),
    )
    .action(async (file: string, options: Record<string, unknown>) => {
      const { runFile } = await import('../runbook-run.ts');
      await runFile(session, file, options);
    });
}

function addShow(command: Command, session: Session): void {
  command
    .command('show [run]')
    .description('Show the newest runs, or one run as a timeline: what each step did, who approved, what it waits for.')
    .option('--follow', 'go on with it; exits with the code of the run')
    .option('--limit <number>', 'how many runs are listed', limit)
    .option('--json', 'print an object')
    .addHelpText('after', examples('show', 'show run_... --follow', 'show run_... --json'))
    .action(async (run: string | undefined, options: Record<string, unknown>) => {
      const { showRun } = await import('../runbook-show.ts');
      await showRun(session, run, options);
    });
}

function addConfirm(command: Command, session: Session): void {
  command
    .command('confirm <run>')
    .description('Say that the step for a person is done that the run waits for.')
    .option('--note <text>', 'what you want to leave in the record')
    .option('--evidence <file>', 'a file that shows it; it is kept by its digest')
    .option('--skip', 'the step is not done: record it as skipped')
    .option('--json', 'print an object')
    .addHelpText('after', examples('confirm run_... --note "called the owner" --evidence call.txt', 'confirm run_... --skip --note "not needed"'))
    .action(async (run: string, options: Record<string, unknown>) => {
      const { confirmStep } = await import('../runbook-steer.ts');
      await confirmStep(session, run, options);
    });
}

function addResume(command: Command, session: Session): void {
  const resume = command.command('resume <run>').description('Go on with a run that failed, or that waits for parameters or a decision.');
  resume
    .option('--retry', 'perform the step again')
    .option('--skip', 'leave the step out')
    .option('--set-file <NAME=path>', 'a secret that the run has lost, read from a file', collect)
    // Refused with the reason why, instead of as unknown.
    .addOption(new Option('--set <NAME=value>').argParser(collect).hideHelp());
  addFollowing(resume)
    .option('--json', 'print the run as JSON')
    .addHelpText(
      'after',
      '\nA run keeps the values that it was started with; only a secret that it has lost is given again.\n' +
        examples('resume run_...', 'resume run_... --retry', 'resume run_... --skip --detach', 'resume run_... --set-file TOKEN=token.txt'),
    )
    .action(async (run: string, options: Record<string, unknown>) => {
      const { resumeRun } = await import('../runbook-steer.ts');
      await resumeRun(session, run, options);
    });
}

function addAbort(command: Command, session: Session): void {
  command
    .command('abort <run>')
    .description('End a run for good.')
    .requiredOption('--reason <text>', 'why; it stands in the record')
    .option('--undo', 'take back what the steps did, the last one first, as far as their operations can')
    .option('--yes', 'ask nothing')
    .option('--no-input', 'ask nothing')
    .option('--json', 'print the run as JSON')
    .addHelpText('after', examples('abort run_... --reason "false alarm"', 'abort run_... --reason "wrong model" --undo'))
    .action(async (run: string, options: { readonly reason: string }) => {
      const { abortRun } = await import('../runbook-steer.ts');
      await abortRun(session, run, options);
    });
}

function addExport(command: Command, session: Session): void {
  command
    .command('export <run>')
    .description('Write the report of a run as Markdown, with the proof of each ledger entry.')
    .option('--output <file>', 'a new file; default: stdout')
    .option('--json', 'print an object')
    .addHelpText('after', examples('export run_... --output REPORT.md', 'export run_... | less'))
    .action(async (run: string, options: { readonly output?: string }) => {
      const { exportReport } = await import('../runbook-steer.ts');
      await exportReport(session, run, options);
    });
}

function addShims(command: Command, session: Session): void {
  command
    .command('shims <dir>')
    .description("Make a folder from which the document's command lines run in a plain shell.")
    .option('--json', 'print an object')
    .addHelpText('after', examples('shims ~/runbook-commands'))
    .action(async (folder: string) => {
      const { writeShims } = await import('../../runbook/shims.ts');
      const written = writeShims(folder, session.context.launcher);
      if (session.output.json) session.output.object({ files: written });
      else for (const path of written) session.output.data(path);
      session.output.words(`In ${folder} the lines of a runbook run as they are, for example: ./security/emergency_isolation.sh`);
    });
}

export function registerRunbook(command: Command, session: Session): void {
  for (const add of [addList, addCheck, addPlan, addRun, addShow, addConfirm, addResume, addAbort, addExport, addShims]) add(command, session);
}
