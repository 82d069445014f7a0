import { Argument } from 'commander';
import type { Command } from 'commander';
import type { Session } from '../context.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

export function registerCompletion(command: Command, session: Session): void {
  command
    .addArgument(new Argument('<shell>').choices(SHELLS))
    .addHelpText(
      'after',
      '\nCompletes rooms, operations, their options and the values of these, and the names of runbooks.\n\n' +
        'Examples:\n  eval "$(elulmc completion bash)"\n  elulmc completion fish > ~/.config/fish/completions/elulmc.fish',
    )
    .action(async (shell: (typeof SHELLS)[number]) => {
      const [{ completionTree }, { COMPLETION_SCRIPTS }, { PROGRAM_RUNBOOKS }] = await Promise.all([
        import('../completion-tree.ts'),
        import('../completion-scripts.ts'),
        import('../../runbook/runbook-files.ts'),
      ]);
      session.output.data(COMPLETION_SCRIPTS[shell](await completionTree(session), PROGRAM_RUNBOOKS));
    });
}
