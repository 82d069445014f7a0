import { Command, CommanderError } from 'commander';
import { asElulmcError, ElulmcError, toProblem } from '../core/errors.ts';
import { EXIT } from '../core/exit-codes.ts';
import { catalogue } from '../operations/catalogue.ts';
import { toolCommands } from './commands/table.ts';
import type { CliContext, Session, ToolCommand } from './context.ts';
import { openOutput } from './output.ts';
import { ROOM_SUMMARIES } from './rooms.ts';

/**
 * Runs one command line (without node and script) and returns its exit code, which is set as `process.exitCode` too.
 * Never rejects and never ends the process: what still runs decides that.
 */
export async function runCli(argv: readonly string[], context: CliContext): Promise<number> {
  const beforeDashes = argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv;
  const session: Session = {
    context,
    tools: [...context.commands, ...toolCommands],
    output: await openOutput(context.stdio, beforeDashes.includes('--json'), context.environment.color),
    exit: EXIT.ok,
  };
  try {
    await buildProgram(session).parseAsync([...helpLast(argv)], { from: 'user' });
  } catch (thrown) {
    session.exit = await reportFailure(thrown, session);
  }
  process.exitCode = session.exit;
  return session.exit;
}

/** `help ROOM NAME` is `ROOM NAME --help`: only then are the options of an operation loaded. */
function helpLast(argv: readonly string[]): readonly string[] {
  return argv[0] === 'help' ? [...argv.slice(1), '--help'] : argv;
}

async function reportFailure(thrown: unknown, session: Session): Promise<number> {
  if (thrown instanceof CommanderError) {
    if (thrown.exitCode === 0) return EXIT.ok;
    // Called without a command: commander has shown the help already.
    if (thrown.code === 'commander.help') return EXIT.usage;
    session.output.problem(toProblem(new ElulmcError('USAGE', thrown.message.replace(/^error: /, '').replaceAll(/\s+/g, ' '))));
    return EXIT.usage;
  }
  const problem = thrown instanceof Error && thrown.name === 'RemoteProblem' ? (await import('./control-client.ts')).problemOf(thrown) : undefined;
  const shown = problem ?? toProblem(asElulmcError(thrown));
  session.output.problem(shown);
  return shown.exit;
}

function buildProgram(session: Session): Command {
  const { context, output, tools } = session;
  const program = new Command('elulmc');
  program
    .description('Operations desk, gateway and ledger for teams that serve their own language models.')
    .version(context.version, '--version', 'print the version')
    // After the name of a command, --version is an option of that command.
    .enablePositionalOptions()
    .helpCommand(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => {
        output.data(text.trimEnd());
      },
      writeErr: (text) => {
        output.words(text.trimEnd());
      },
      // reportFailure says it, with code, help and id.
      outputError: () => undefined,
    })
    .addHelpText(
      'after',
      '\nExamples:\n  elulmc up\n  elulmc security emergency-isolation\n  elulmc runbook check runbook.md\n\nOptions of an operation: elulmc ROOM NAME --help',
    );
  program.commandsGroup('Rooms:');
  for (const [room, summary] of ROOM_SUMMARIES) addRoom(program, room, summary, session);
  program.commandsGroup('Tool:');
  for (const tool of tools) addTool(program, tool);
  program.hook('preSubcommand', async (_program, command) => {
    const tool = tools.find(({ name }) => name === command.name());
    await tool?.register(command, session);
  });
  return program;
}

function addTool(program: Command, tool: ToolCommand): void {
  program.command(tool.name).summary(tool.summary).description(tool.summary).helpCommand(false);
}

function addRoom(program: Command, room: string, summary: string, session: Session): void {
  const entries = catalogue.filter((entry) => entry.room === room);
  if (entries.length === 0) return;
  const command = program.command(room).summary(summary).description(summary).helpCommand(false);
  for (const entry of entries) command.command(entry.name).summary(entry.summary).description(entry.summary);
  command.hook('preSubcommand', async (_room, chosen) => {
    const entry = entries.find(({ name }) => name === chosen.name());
    if (entry === undefined) return;
    const { registerOperation } = await import('./operation-command.ts');
    await registerOperation(chosen, entry, session);
  });
}
