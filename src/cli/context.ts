import type { Command } from 'commander';
import type { Environment } from '../core/environment.ts';
import type { Home } from '../core/home.ts';
import type { OperationReport } from '../operations/report.ts';
import type { Output } from './output.ts';
import type { Stdio } from './stdio.ts';

/** A call that the command line performs in its own process (declaration.local). */
export interface LocalCall {
  readonly room: string;
  readonly name: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly signal: AbortSignal;
  readonly onProgress: (text: string) => void;
  readonly dryRun: boolean;
}

/** What app.ts gives to the command line. */
export interface CliContext {
  readonly environment: Environment;
  readonly home: Home;
  readonly version: string;
  readonly uid: number;
  readonly stdio: Stdio;
  /** Words that start this program: written into shims. */
  readonly launcher: readonly string[];
  /** `ELULMC_SET_NAME` (core/environment.ts). */
  readonly runbookParameter: (name: string) => string | undefined;
  /** `up`, `drill`, `doctor`. */
  readonly commands: readonly ToolCommand[];
  readonly runLocally: (call: LocalCall) => Promise<OperationReport>;
}

/** One command of the tool itself. `register` runs only when the command or its help is asked for. */
export interface ToolCommand {
  readonly name: string;
  readonly summary: string;
  /** Adds arguments, options and the action to `command`. */
  register(command: Command, session: Session): Promise<void>;
}

/** One call of the command line. */
export interface Session {
  readonly context: CliContext;
  readonly output: Output;
  /** Every command of the tool itself: those of app.ts and those of commands/table.ts. */
  readonly tools: readonly ToolCommand[];
  /** Exit code of the process, unless an error decides it. */
  exit: number;
}
