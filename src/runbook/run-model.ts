import type { Problem } from '../core/errors.ts';
import type { ExitCode } from '../core/exit-codes.ts';
import type { OperationReport } from '../operations/report.ts';
import type { Actor } from '../services/people/service.ts';
import { hasEnded } from '../services/runs/service.ts';
import type { RunStore, StoredRecord, StoredRun, StoredStep } from '../services/runs/service.ts';
import type { ParameterValues } from './parameters.ts';
import type { RunState, RunView, ShownStep, StepView, WaitsFor } from './run-view.ts';

/** How an attempt at a run, or its abort, stands in the ledger: one intent and one result under this id. */
export interface AttemptRecord {
  readonly id: string;
  readonly action: 'runbook run' | 'runbook resume' | 'runbook abort';
  readonly actor: string;
  /** What a resume does with the step that failed. */
  readonly decision: 'retry' | 'skip' | null;
  /** Size of each control log, by its name, before it could stand there: its entries in that log stand at or after this index. */
  readonly logs: Readonly<Record<string, number>>;
  /** True once the intent is known to be durable. */
  readonly intent: boolean;
  /** True once its result is recorded. */
  readonly ended: boolean;
}

/** What is stored about a run beside its columns. Values of secret parameters are never part of it. */
export interface RunDetails {
  readonly runbook: string;
  readonly section: string;
  /** The section as it was asked for. */
  readonly wanted: string | null;
  readonly actor: string;
  readonly actorKind: Actor['kind'];
  readonly origin: string;
  readonly change: string | null;
  readonly prose: 'wait' | 'skip';
  readonly parameters: ParameterValues;
  /** Names of the secret parameters that it was given. */
  readonly secrets: readonly string[];
  readonly waitsFor: WaitsFor | null;
  readonly exit: ExitCode | null;
  readonly summary: string;
  readonly record: AttemptRecord;
  readonly abort: {
    readonly undo: boolean;
    readonly reason: string;
    readonly by: string;
    readonly byKind: Actor['kind'];
    readonly record: AttemptRecord;
  } | null;
}

/** What a person said to a step; recorded by the run, which is why it is kept until then. */
export interface StepAnswer {
  readonly by: string;
  readonly decision: 'confirmed' | 'skipped' | 'stop';
  readonly note: string;
  readonly file: { readonly name: string; readonly sha256: string; readonly bytes: number } | null;
}

/** Enough to find the processes of a step again that a killed control plane has left. */
export interface StartedProcess {
  readonly pid: number;
  readonly startTime: string;
  readonly bootId: string;
}

/** What is stored about a step beside its columns. */
export interface StepDetails {
  readonly shown: ShownStep;
  /** Run id of its call; another one only where the step must be performed once more after it has been performed. */
  readonly runId: string;
  readonly exit: ExitCode;
  readonly summary: string;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly report: OperationReport | null;
  readonly problem: Problem | null;
  readonly approval: StepView['approval'];
  readonly evidence: StepView['evidence'];
  readonly output: StepView['output'];
  readonly undone: string | null;
  /** Whether the run ends here. */
  readonly ends: boolean;
  readonly answer: StepAnswer | null;
  /** Nobody knows how far it came, and repeating it could do something twice: a person decides. */
  readonly interrupted: boolean;
  /** How often it was begun anew by a resume; part of the ids of what must be new then. */
  readonly retries: number;
  /** Control log of the control plane that has begun it, which is on the host where its processes are. */
  readonly begunBy: string | null;
  readonly process: StartedProcess | null;
}

export type RunRow = StoredRun<RunDetails>;
export type StepRow = StoredStep<StepDetails>;
export type RunRecord = StoredRecord<RunDetails, StepDetails>;
export type RunRows = RunStore<RunDetails, StepDetails>;

/** Whether nothing is left to do for the step in this attempt. */
export function isOver(step: StepRow): boolean {
  return hasEnded(step.state);
}

/** The step that is to be performed next; undefined when a step has ended the run, or none is left. */
export function nextStep({ steps }: RunRecord): StepRow | undefined {
  return steps.some(({ details }) => details.ends) ? undefined : steps.find((step) => !isOver(step));
}

function stepView({ index, state, details }: StepRow, runState: RunState): StepView {
  const { shown, runId, exit, summary, startedAt, endedAt, report, problem, approval, evidence, output, undone } = details;
  const isLeftOut = runState === 'aborted' && !hasEnded(state);
  return {
    ...shown,
    index,
    state: isLeftOut ? 'skipped' : state,
    exit,
    summary: isLeftOut && summary === '' ? 'Not run: the run was aborted.' : summary,
    runId,
    startedAt,
    endedAt,
    report,
    problem,
    approval,
    evidence,
    output,
    undone,
  };
}

/** A run without its steps, as everybody may see it. */
export function headOf({ id, documentSha256, state, attempt, openedAt, endedAt, details }: RunRow): Omit<RunView, 'steps'> {
  const { runbook, section, actor, origin, change, waitsFor, exit, summary } = details;
  return { id, runbook, section, documentSha256, actor, origin, change, state, waitsFor, exit, summary, attempt, openedAt, endedAt };
}

export function viewOf({ run, steps }: RunRecord): RunView {
  return { ...headOf(run), steps: steps.map((step) => stepView(step, run.state)) };
}
