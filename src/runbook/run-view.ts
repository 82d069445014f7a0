import type { Problem } from '../core/errors.ts';
import type { ExitCode } from '../core/exit-codes.ts';
import type { OperationReport } from '../operations/report.ts';
import type { Plan } from '../operations/declaration.ts';
import type { ApprovalState } from '../services/approvals/service.ts';
import type { ParameterNeed, ParameterValues } from './parameters.ts';

/** States of runs and of their steps. A run that waits for anything but an approval is `pending`. */
export type RunState = 'pending' | 'waiting-approval' | 'running' | 'succeeded' | 'failed' | 'skipped' | 'aborted';

/** A step as it is shown: what stands in the document and what it means. */
export interface ShownStep {
  readonly id: string;
  /** `process`: a line that binds to no operation and that configuration allows to run. */
  readonly kind: 'command' | 'process' | 'prose';
  /** Attribute `name` of its fence, or null. */
  readonly name: string | null;
  readonly text: string;
  readonly line: number;
  /** `security emergency-isolation`; null for prose and processes. */
  readonly operation: string | null;
}

/** What a run waits for, and the command that goes on. */
export interface WaitsFor {
  readonly kind: 'approval' | 'confirmation' | 'parameters' | 'window' | 'decision';
  readonly step: string;
  /** One sentence: what is missing and from whom. */
  readonly text: string;
  /** The next command, whole. */
  readonly help: string;
}

export interface StepView extends ShownStep {
  readonly index: number;
  readonly state: RunState;
  readonly exit: ExitCode;
  readonly summary: string;
  /** Run id of the operation's call; the same for every attempt. */
  readonly runId: string;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly report: OperationReport | null;
  readonly problem: Problem | null;
  readonly approval: { readonly request: string; readonly state: ApprovalState; readonly required: number; readonly people: readonly string[] } | null;
  /** What a person left when they confirmed the step. */
  readonly evidence: {
    readonly by: string;
    readonly note: string;
    readonly file: { readonly name: string; readonly sha256: string; readonly bytes: number } | null;
  } | null;
  /** What a process printed: kept under `content/` by its digest, the end of it shown here. */
  readonly output: { readonly sha256: string; readonly bytes: number; readonly truncated: boolean; readonly tail: string; readonly code: number | null } | null;
  /** Set once `runbook abort --undo` has taken it back, or says why it could not. */
  readonly undone: string | null;
}

/** A run of a runbook: what `runbook run --json` and `runbook show --json` print. */
export interface RunView {
  readonly id: string;
  /** Front matter `name`, else the first heading. */
  readonly runbook: string;
  /** Titles from the document's first heading down to the section. */
  readonly section: string;
  readonly documentSha256: string;
  /** Who started it: a person, or `schedule:NAME` as `system`. */
  readonly actor: string;
  readonly origin: string;
  readonly change: string | null;
  readonly state: RunState;
  readonly waitsFor: WaitsFor | null;
  /** That of the worst step; null while it is not over. */
  readonly exit: ExitCode | null;
  readonly summary: string;
  /** Counts from 1; a resumed run has the next one. */
  readonly attempt: number;
  readonly openedAt: string;
  readonly endedAt: string | null;
  readonly steps: readonly StepView[];
}

/** POST /v1/runbooks/plan {text, section?, parameters?}: everything that can be known before the first step. */
export interface RunbookPlan {
  readonly runbook: string;
  readonly section: string;
  readonly needs: readonly ParameterNeed[];
  readonly steps: readonly (ShownStep & {
    /** Null where parameters without a value are needed, and for prose and processes. */
    readonly plan: Plan | null;
    readonly approvals: number;
    readonly timeoutMs: number | null;
    readonly continueOnError: boolean;
    /** Why there is no plan, or why the step would fail now. */
    readonly note: string | null;
  })[];
}

/** POST /v1/runbooks/runs: starts a run and answers its first RunView. The same run id gives the run that it started. */
export interface StartRunBody {
  readonly text: string;
  readonly section?: string;
  readonly runId?: string;
  readonly parameters?: ParameterValues;
  /** `wait`: steps for people wait for their answer. `skip`: recorded as skipped, never as confirmed. */
  readonly prose?: 'wait' | 'skip';
  /** `chg_...` that the run carries out. */
  readonly change?: string;
}

/** Largest file that a person may leave with a step. */
export const MAX_EVIDENCE_BYTES = 8 * 1024 * 1024;

/** POST /v1/runbooks/runs/{id}/answer: what a person says to a step that waits. Answers 204. */
export interface AnswerBody {
  readonly step: string;
  readonly decision: 'confirmed' | 'skipped' | 'stop';
  readonly note?: string;
  readonly file?: { readonly name: string; readonly base64: string };
}

/** POST /v1/runbooks/runs/{id}/resume: goes on with a run that failed, or that waits for parameters or a decision. Answers the RunView. */
export interface ResumeBody {
  readonly parameters?: ParameterValues;
  /** What to do with the step that failed or was interrupted. Default: retry a step whose repetition applies nothing twice, else STEP_INTERRUPTED. */
  readonly step?: 'retry' | 'skip';
}

/** POST /v1/runbooks/runs/{id}/abort. Answers the RunView. */
export interface AbortBody {
  /** Takes back what the steps did, the last one first, as far as their operations can. */
  readonly undo: boolean;
  readonly reason: string;
}

/** GET /v1/runbooks/runs?limit=N: newest first, without their steps. */
export interface RunsAnswer {
  readonly runs: readonly Omit<RunView, 'steps'>[];
}

/** GET /v1/runbooks/runs/{id}/events: server-sent events by name. Ends after a `run` whose state is an end. */
export interface RunStreamEvents {
  /** The whole view, at first and after every change. */
  readonly run: RunView;
  readonly progress: { readonly step: string; readonly text: string };
  /** What a process prints, as it comes. */
  readonly output: { readonly step: string; readonly text: string };
}
