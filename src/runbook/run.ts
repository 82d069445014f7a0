import { monotonicMs, wallAt } from '../core/clock.ts';
import { asElulmcError, ElulmcError, toProblem } from '../core/errors.ts';
import { EXIT, worseExit } from '../core/exit-codes.ts';
import type { ExitCode } from '../core/exit-codes.ts';
import type { CatalogueEntry } from '../operations/catalogue.ts';
import type { OperationDeclaration } from '../operations/declaration.ts';
import type { Door } from '../operations/door.ts';
import type { OperationReport } from '../operations/report.ts';
import type { Actor } from '../services/people/service.ts';
import type { BoundCommand } from './bind.ts';
import { inputOf } from './parameters.ts';
import type { ParameterNeed, ParameterValues } from './parameters.ts';
import { prepareRun } from './prepare.ts';
import type { PreparedRun, PreparedStep } from './prepare.ts';
import type { Decision, EmitRunEvent, RunReport, ShownStep, StepOutcome, StepResult } from './run-events.ts';
import { openRunRecord } from './run-record.ts';
import type { RecordParts, RunRecord } from './run-record.ts';
import { stepRunId } from './step-run-id.ts';

export interface RunRequest {
  /** The whole Markdown document. */
  readonly text: string;
  readonly section: string | undefined;
  /** Names that the caller has values for: one that the section does not use is a mistake. */
  readonly offered: readonly string[];
  /** Repeating a run under its id applies each step once. */
  readonly runId: string;
  readonly actor: Actor;
  /** Steps for people: asked, recorded as skipped (never as confirmed), or a reason not to start at all. */
  readonly prose: 'ask' | 'skip' | 'refuse';
  /** Aborts when nobody waits for the run any more: the step that runs is finished, no other is started. */
  readonly signal: AbortSignal;
  readonly emit: EmitRunEvent;
  readonly askParameters: (needs: readonly ParameterNeed[]) => Promise<ParameterValues>;
  readonly askPerson: (step: ShownStep) => Promise<Decision>;
}

export interface RunParts extends RecordParts {
  readonly catalogue: readonly CatalogueEntry[];
  readonly door: Pick<Door, 'call'>;
  /** Aborts when the control plane stops. */
  readonly stopping: AbortSignal;
}

type Ended = Pick<StepResult, 'outcome' | 'exit' | 'summary' | 'report' | 'problem'>;

function shown({ step, command }: PreparedStep): ShownStep {
  const { id, kind, text, line } = step;
  return { id, kind, text, line, operation: command === null ? null : `${command.entry.room} ${command.entry.name}` };
}

/** A finding ends the run where the operation is a gate (design, section 7). */
function endsRun(declaration: OperationDeclaration, exit: ExitCode): boolean {
  if (exit === EXIT.ok) return false;
  if (exit !== EXIT.finding && exit !== EXIT.inconclusive) return true;
  return (declaration.onFinding ?? (declaration.risk === 'read' ? 'continue' : 'stop')) === 'stop';
}

function ended(report: OperationReport): Ended {
  return { outcome: report.verdict, exit: report.exit, summary: report.summary, report, problem: null };
}

function failed(thrown: unknown): Ended {
  const error = asElulmcError(thrown, 'OPERATION_FAILED');
  const { exit } = error.row;
  const outcome: StepOutcome = exit === EXIT.approvalMissing ? 'waiting-approval' : exit === EXIT.interrupted ? 'cancelled' : 'failed';
  return { outcome, exit, summary: error.message, report: null, problem: toProblem(error) };
}

const DECIDED: Readonly<Record<Decision, { readonly outcome: StepOutcome; readonly recorded: 'ok' | 'skipped' | 'cancelled'; readonly exit: ExitCode }>> = {
  confirmed: { outcome: 'confirmed', recorded: 'ok', exit: EXIT.ok },
  skipped: { outcome: 'skipped', recorded: 'skipped', exit: EXIT.ok },
  stop: { outcome: 'cancelled', recorded: 'cancelled', exit: EXIT.interrupted },
};

class Run {
  readonly #parts: RunParts;
  readonly #request: RunRequest;
  readonly #prepared: PreparedRun;
  readonly #record: RunRecord;
  readonly #values: ParameterValues;

  constructor(parts: RunParts, request: RunRequest, prepared: PreparedRun, values: ParameterValues) {
    this.#parts = parts;
    this.#request = request;
    this.#prepared = prepared;
    this.#values = values;
    this.#record = openRunRecord(parts, request.runId, request.actor.id, request.text, prepared);
  }

  async toEnd(): Promise<RunReport> {
    const startedAt = wallAt();
    const startedMs = monotonicMs();
    const results: StepResult[] = [];
    let stopped = false;
    for (const prepared of this.#prepared.steps) {
      const result = stopped ? this.#notRun(prepared) : await this.#step(prepared);
      results.push(result);
      stopped ||= this.#stopsAfter(prepared, result);
    }
    const report = this.#report(results);
    const tookMs = monotonicMs() - startedMs;
    const outcome = report.outcome === 'ok' ? 'ok' : report.outcome === 'cancelled' ? 'cancelled' : 'failed';
    const recorded = await this.#record.end({ outcome, summary: report.summary, tookMs });
    return { ...report, startedAt, tookMs, recorded };
  }

  async #step(prepared: PreparedStep): Promise<StepResult> {
    const { emit } = this.#request;
    emit('step-started', shown(prepared));
    const runId = stepRunId(this.#request.runId, prepared.step.id);
    let end: Ended;
    try {
      this.#request.signal.throwIfAborted();
      end = await (prepared.command === null ? this.#person(prepared, runId) : this.#command(prepared.command, prepared.step.id, runId));
    } catch (thrown) {
      const gone = this.#request.signal.aborted && !(thrown instanceof ElulmcError);
      end = failed(gone ? new ElulmcError('INTERRUPTED', 'the caller of the run has gone', { cause: thrown }) : thrown);
    }
    const result: StepResult = { ...shown(prepared), ...end, runId };
    emit('step-done', result);
    return result;
  }

  async #command(command: BoundCommand, id: string, runId: string): Promise<Ended> {
    if (command.declaration.effectFirst !== true) await this.#record.demandIntent();
    const { room, name } = command.entry;
    const onProgress = (text: string): void => {
      this.#request.emit('step-progress', { id, text });
    };
    const input = inputOf(command, this.#values);
    const call = { room, name, input, actor: this.#request.actor, runId, ref: this.#request.runId, signal: this.#parts.stopping, onProgress };
    return ended(await this.#parts.door.call(call));
  }

  async #person(prepared: PreparedStep, runId: string): Promise<Ended> {
    await this.#record.demandIntent();
    const decision = this.#request.prose !== 'ask' ? 'skipped' : await this.#request.askPerson(shown(prepared));
    const { outcome, recorded, exit } = DECIDED[decision];
    const summary = `${outcome === 'confirmed' ? 'Confirmed' : outcome === 'skipped' ? 'Skipped' : 'Stopped'} by ${this.#request.actor.id}: ${prepared.step.text}`;
    await this.#record.person(prepared, runId, recorded, summary);
    return { outcome, exit, summary, report: null, problem: null };
  }

  #notRun(prepared: PreparedStep): StepResult {
    const runId = stepRunId(this.#request.runId, prepared.step.id);
    return { ...shown(prepared), outcome: 'not-run', exit: EXIT.ok, summary: 'Not run.', runId, report: null, problem: null };
  }

  #stopsAfter({ command }: PreparedStep, result: StepResult): boolean {
    return command === null ? result.exit !== EXIT.ok : endsRun(command.declaration, result.exit);
  }

  #report(steps: readonly StepResult[]): Omit<RunReport, 'startedAt' | 'tookMs' | 'recorded'> {
    const done = steps.filter((step) => step.outcome !== 'not-run');
    const last = done.at(-1);
    const index = this.#prepared.steps[done.length - 1];
    const stops = last !== undefined && index !== undefined && this.#stopsAfter(index, last);
    const outcome = !stops ? 'ok' : last.outcome === 'cancelled' ? 'cancelled' : 'stopped';
    const exit = steps.reduce<ExitCode>((worst, step) => worseExit(worst, step.exit), EXIT.ok);
    const count = `${String(done.length)} of ${String(steps.length)} steps`;
    const where = last === undefined ? '' : ` at line ${String(last.line)} (${last.operation ?? last.text}): ${last.summary}`;
    const summary = outcome === 'ok' ? `All ${String(steps.length)} steps were gone through.` : `The run ended after ${count}${where}`;
    return { runId: this.#request.runId, section: this.#prepared.section, outcome, exit, summary: summary.slice(0, 1000), steps };
  }
}

/**
 * Runs one section in order, in this process. Rejects before the first step when the section cannot be run at all
 * (RUNBOOK_INVALID, RUNBOOK_STEP_UNBOUND, USAGE, FIELD_INVALID); afterwards every end is a report.
 */
export async function runRunbook(parts: RunParts, request: RunRequest): Promise<RunReport> {
  const prepared = await prepareRun(parts.catalogue, request.text, request.section);
  const { needs, section } = prepared;
  const person = prepared.steps.find(({ command }) => command === null);
  if (person !== undefined && request.prose === 'refuse') {
    throw new ElulmcError('USAGE', `nothing was run: line ${String(person.step.line)} is a step for a person, and nobody can be asked; --yes skips such steps`);
  }
  const stray = request.offered.find((name) => !needs.some((need) => need.name === name));
  if (stray !== undefined) throw new ElulmcError('USAGE', `nothing was run: these steps have no parameter ${stray}`, { field: stray });
  request.emit('prepared', { runId: request.runId, section, steps: prepared.steps.map(shown), needs });
  const values = needs.length === 0 ? {} : await request.askParameters(needs);
  for (const { command } of prepared.steps) if (command !== null) inputOf(command, values);
  const report = await new Run(parts, request, prepared, values).toEnd();
  request.emit('run-done', report);
  return report;
}
