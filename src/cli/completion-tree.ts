import { Command } from 'commander';
import { catalogue } from '../operations/catalogue.ts';
import type { Session } from './context.ts';
import { registerOperation } from './operation-command.ts';
import { ROOM_SUMMARIES } from './rooms.ts';

/** What may follow a command, as its declaration says. */
export interface CompletionNode {
  /** Words of the command after `elulmc`, none for `elulmc` itself. */
  readonly path: readonly string[];
  /** Commands below it, or the choices of its first argument. */
  readonly words: readonly string[];
  readonly options: readonly CompletionOption[];
  /** Its first argument is a runbook. */
  readonly takesRunbook: boolean;
}

export interface CompletionOption {
  /** `--json`. */
  readonly flag: string;
  readonly takesValue: boolean;
  readonly choices: readonly string[];
}

const HELP: CompletionOption = { flag: '--help', takesValue: false, choices: [] };

function optionsOf(command: Command): readonly CompletionOption[] {
  const own = command.options.flatMap(({ long, hidden, required, optional, argChoices }) =>
    long === undefined || hidden ? [] : [{ flag: long, takesValue: required || optional, choices: argChoices ?? [] }],
  );
  return [...own, HELP];
}

/** The command and everything below it. */
function nodesOf(command: Command, path: readonly string[]): readonly CompletionNode[] {
  const [first] = command.registeredArguments;
  const names = command.commands.map((below) => below.name());
  const node: CompletionNode = {
    path,
    words: names.length > 0 ? names : (first?.argChoices ?? []),
    options: optionsOf(command),
    takesRunbook: path[0] === 'runbook' && first?.name() === 'file',
  };
  return [node, ...command.commands.flatMap((below) => nodesOf(below, [...path, below.name()]))];
}

async function roomOf(room: string, session: Session): Promise<Command | undefined> {
  const entries = catalogue.filter((entry) => entry.room === room);
  const command = new Command(room);
  for (const entry of entries) await registerOperation(command.command(entry.name), entry, session);
  return entries.length === 0 ? undefined : command;
}

/** Every command of the program with its options, from the declarations that make the commands themselves. */
export async function completionTree(session: Session): Promise<readonly CompletionNode[]> {
  const program = new Command('elulmc').option('--version');
  for (const room of ROOM_SUMMARIES.keys()) {
    const command = await roomOf(room, session);
    if (command !== undefined) program.addCommand(command);
  }
  for (const tool of session.tools) await tool.register(program.command(tool.name), session);
  return nodesOf(program, []);
}
