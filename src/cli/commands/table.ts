import type { ToolCommand } from '../context.ts';

/** Commands of the tool that need nothing from app.ts. Each module is imported when its command is called. */
export const toolCommands: readonly ToolCommand[] = [
  {
    name: 'runbook',
    summary: 'check a Markdown runbook, run a section of it, make shims of its commands',
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
    summary: 'sign in by a one-time link',
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
