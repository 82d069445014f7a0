import type { Command } from 'commander';
import type { Session } from '../context.ts';

function collect(value: string, earlier: readonly string[] | undefined): readonly string[] {
  return [...(earlier ?? []), value];
}

function addCheck(command: Command, session: Session): void {
  command
    .command('check <file>')
    .description('Print each command line of a runbook and the operation it binds to. Exits 3 when any is unbound.')
    .option('--json', 'print an object')
    .action(async (file: string) => {
      const { checkFile } = await import('../runbook-check.ts');
      await checkFile(session, file);
    });
}

function addRun(command: Command, session: Session): void {
  command
    .command('run <file>')
    .description('Run the steps of one section in order, in the control plane. Stops at the first failure.')
    .option('--section <path>', 'titles of the section, outermost first: "Model Compromise Response/Immediate Actions"')
    .option('--set <NAME=value>', 'value of a parameter $NAME; may be given several times', collect)
    .option('--set-file <NAME=path>', 'the same, read from a file: for secrets', collect)
    .option('--run-id <id>', 'repeat an earlier run: what it applied is not applied twice')
    .option('--yes', 'record steps for a person as skipped, never as confirmed')
    .option('--no-input', 'ask nothing; a section with steps for a person is refused without --yes')
    .option('--json', 'print the report as JSON')
    .addHelpText('after', '\nParameters come from --set, --set-file, ELULMC_SET_NAME, then a question; never from $NAME of your shell.')
    .action(async (file: string, options: Record<string, unknown>) => {
      const { runFile } = await import('../runbook-run.ts');
      await runFile(session, file, options);
    });
}

function addShims(command: Command, session: Session): void {
  command
    .command('shims <dir>')
    .description("Make a folder from which the document's command lines run in a plain shell.")
    .option('--json', 'print an object')
    .action(async (folder: string) => {
      const { writeShims } = await import('../../runbook/shims.ts');
      const written = writeShims(folder, session.context.launcher);
      if (session.output.json) session.output.object({ files: written });
      else for (const path of written) session.output.data(path);
      session.output.words(`In ${folder} the lines of a runbook run as they are, for example: ./security/emergency_isolation.sh`);
    });
}

export function registerRunbook(command: Command, session: Session): void {
  addCheck(command, session);
  addRun(command, session);
  addShims(command, session);
}
