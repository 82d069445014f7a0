import type { ToolCommand } from '../context.ts';

/** Commands of the tool that need nothing from app.ts. Each module is imported when its command is called. */
export const toolCommands: readonly ToolCommand[] = [
  {
    name: 'runbook',
    summary: 'list, check, plan and run Markdown runbooks; show, steer and export their runs',
    register: async (command, session) => {
      (await import('./runbook.ts')).registerRunbook(command, session);
    },
  },
  {
    name: 'run',
    summary: 'run one command line of a runbook: elulmc run -- LINE',
    register: async (command, session) => {
      (await import('./run.ts')).registerRun(command, session);
    },
  },
  {
    name: 'sign-in',
    summary: 'sign in by a one-time link, or by a code that you confirm in a browser',
    register: async (command, session) => {
      (await import('./sign-in.ts')).registerSignIn(command, session);
    },
  },
  {
    name: 'completion',
    summary: 'print a completion script for bash, zsh or fish',
    register: async (command, session) => {
      (await import('./completion.ts')).registerCompletion(command, session);
    },
  },
];
