import type { Problem } from '../core/errors.ts';
import type { ExitCode } from '../core/exit-codes.ts';
import type { OperationReport } from '../operations/report.ts';
import type { ParameterNeed, ParameterValues } from './parameters.ts';

/** A step as it is shown: what stands in the document and what it means. */
export interface ShownStep {
  readonly id: string;
  readonly kind: 'command' | 'prose';
  readonly text: string;
  readonly line: number;
  /** `security emergency-isolation`; null for prose. */
  readonly operation: string | null;
}

/** `waiting-approval`: nothing was performed, an approval is missing. `not-run`: the run ended before. */
export type StepOutcome = 'ok' | 'finding' | 'inconclusive' | 'failed' | 'waiting-approval' | 'confirmed' | 'skipped' | 'cancelled' | 'not-run';

export interface StepResult extends ShownStep {
  readonly outcome: StepOutcome;
  readonly exit: ExitCode;
  readonly summary: string;
  /** Run id of the operation's call; the same whenever the run is repeated under its id. */
  readonly runId: string;
  readonly report: OperationReport | null;
  readonly problem: Problem | null;
}

/** How a run ended; what `runbook run --json` prints. */
export interface RunReport {
  readonly runId: string;
  readonly section: string;
  /** `stopped`: a step ended it. `cancelled`: a person did, or the caller went away. */
  readonly outcome: 'ok' | 'stopped' | 'cancelled';
  /** That of the worst step. */
  readonly exit: ExitCode;
  readonly summary: string;
  readonly steps: readonly StepResult[];
  readonly startedAt: string;
  readonly tookMs: number;
  readonly recorded: 'ledger' | 'spool' | 'none';
}

/** Events of POST /v1/runbooks/run, by the name of the event. The last one is `run-done` or `error`. */
export interface RunEvents {
  /** First. When `needs` is not empty the run waits for an answer with parameters. */
  readonly prepared: { readonly runId: string; readonly section: string; readonly steps: readonly ShownStep[]; readonly needs: readonly ParameterNeed[] };
  readonly 'step-started': ShownStep;
  readonly 'step-progress': { readonly id: string; readonly text: string };
  readonly 'step-done': StepResult;
  /** A step for a person: the run waits for an answer with a decision. */
  readonly question: ShownStep;
  readonly 'run-done': RunReport;
  readonly error: Problem;
}

export type Decision = 'confirmed' | 'skipped' | 'stop';

/** Body of POST /v1/runbooks/runs/{id}/answer. */
export type RunAnswer = { readonly parameters: ParameterValues } | { readonly step: string; readonly decision: Decision };

export type EmitRunEvent = <N extends keyof RunEvents>(name: N, data: RunEvents[N]) => void;
