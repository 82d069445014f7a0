import { ElulmcError } from '../core/errors.ts';
import type { OperationCall, OperationReport } from '../operations/report.ts';
import type { BoundCommand } from './bind.ts';
import { approvalTokenOf, inputOf, parameterNeeds } from './parameters.ts';
import { askApproval, decidedApproval } from './run-approval.ts';
import { failed, reported } from './run-outcome.ts';
import { valuesOf } from './run-parts.ts';
import { actorOf, beginStep, endStep, isForTheRun, isHeldUp, waitFor, waitForWindow } from './run-steps.ts';
import type { Directive, StepWork } from './run-steps.ts';
import type { StepView } from './run-view.ts';

/** The first secret parameter of the command that this process has no value for. */
function missingSecret(work: StepWork, command: BoundCommand): string | undefined {
  const { record, live } = work;
  const given = new Set(record.run.details.secrets);
  return parameterNeeds([command]).find(({ name, secret }) => secret && given.has(name) && !live.secrets.has(name))?.name;
}

/** Performs a step that is an operation's: through the door, under a run id that is the same however often it is repeated. */
export async function performCommand(work: StepWork, command: BoundCommand): Promise<Directive> {
  const { record, step } = work;
  const secret = missingSecret(work, command);
  if (secret !== undefined) {
    return waitFor(work, {
      kind: 'parameters',
      step: step.details.shown.id,
      text: `the secret ${secret} is needed again: secrets are kept in memory only, and the control plane was started anew`,
      help: `elulmc runbook resume ${record.run.id} --set-file ${secret}=PATH`,
    });
  }
  const decided = await decidedApproval(work);
  if (decided.kind === 'wait') return decided.directive;
  const { continueOnError } = work.prepared.step.attributes;
  const secrets = [...work.live.secrets.values()];
  if (decided.kind === 'refused') return endStep(work, failed(decided.error, continueOnError));
  const wasRunning = step.state === 'running';
  try {
    if (command.declaration.effectFirst !== true) await work.recorder.demandIntent(record);
    await beginStep(work);
    const report = await call(work, command, decided.request);
    return await endStep(work, { ...reported(command.declaration, report, continueOnError), approval: usedApproval(work, report) });
  } catch (thrown) {
    if (!(thrown instanceof ElulmcError) || isForTheRun(thrown, work.stopping)) throw thrown;
    const error = timedOut(work, thrown);
    if (isHeldUp(error)) return waitForWindow(work, error);
    switch (error.code) {
      case 'APPROVAL_MISSING':
        return decided.request === undefined ? askAndWait(work, command, error) : endStep(work, failed(error, continueOnError, secrets));
      case 'CONFLICT':
        if (wasRunning && command.declaration.shownOnce !== undefined) return askWhatToDo(work, error);
        return endStep(work, failed(error, continueOnError, secrets));
      default:
        return endStep(work, failed(error, continueOnError, secrets));
    }
  }
}

async function call(work: StepWork, command: BoundCommand, request: string | undefined): Promise<OperationReport> {
  const { parts, record, step, prepared, stopping } = work;
  const { id, details } = record.run;
  const { timeoutMs, approve } = prepared.step.attributes;
  const report = await parts.door.call({
    room: command.entry.room,
    name: command.entry.name,
    input: inputOf(command, valuesOf(record, work.live)),
    actor: await actorOf(parts, details.actorKind, details.actor),
    runId: step.details.runId,
    ref: id,
    approval: request === undefined ? givenApproval(work, command) : { request },
    leastApprovals: approve === 0 ? undefined : approve,
    change: details.change ?? undefined,
    signal: timeoutMs === null ? stopping : AbortSignal.any([stopping, AbortSignal.timeout(timeoutMs)]),
    onProgress: (text) => {
      work.viewers.say(id, 'progress', { step: step.details.shown.id, text });
    },
  });
  keepOnce(work, command, report);
  return report;
}

/** The approval whose token the line carries. */
function givenApproval({ record, live }: StepWork, command: BoundCommand): OperationCall['approval'] {
  const token = approvalTokenOf(command, valuesOf(record, live));
  return token === undefined ? undefined : { token };
}

/** What is shown once is not stored: it waits in memory for who started the run. */
function keepOnce({ live, step }: StepWork, { declaration }: BoundCommand, { output }: OperationReport): void {
  if (declaration.shownOnce !== undefined && typeof output === 'object' && output !== null) live.shownOnce.set(step.index, output);
}

/** What the timeout of the step has interrupted is no interruption of the run. */
function timedOut({ prepared, stopping }: StepWork, error: ElulmcError): ElulmcError {
  const { timeoutMs } = prepared.step.attributes;
  if (error.code !== 'INTERRUPTED' || stopping.aborted || timeoutMs === null) return error;
  return new ElulmcError('OPERATION_FAILED', `it did not end within ${String(timeoutMs / 1000)} s (timeout of the step)`, { cause: error });
}

function usedApproval({ step }: StepWork, report: OperationReport): StepView['approval'] {
  const { approval } = step.details;
  if (report.approval === null) return approval;
  const { request, people } = report.approval;
  return { request, state: 'used', required: approval?.required ?? people.length, people };
}

async function askAndWait(work: StepWork, command: BoundCommand, missing: ElulmcError): Promise<Directive> {
  const { continueOnError } = work.prepared.step.attributes;
  try {
    return await askApproval(work, command);
  } catch (thrown) {
    if (!(thrown instanceof ElulmcError) || isForTheRun(thrown, work.stopping)) throw thrown;
    const detail = `${missing.message}, and it could not be asked for: ${thrown.message}`;
    return endStep(work, failed(new ElulmcError(thrown.code, detail, { cause: thrown }), continueOnError));
  }
}

/** The first attempt was applied, and what it gave was shown to nobody: doing it again makes another one. */
async function askWhatToDo(work: StepWork, error: ElulmcError): Promise<Directive> {
  const { record, step } = work;
  return waitFor(
    work,
    {
      kind: 'decision',
      step: step.details.shown.id,
      text: `${error.message}; it was interrupted, so perform it once more under a new run id, or skip it`,
      help: `elulmc runbook resume ${record.run.id} --retry or --skip`,
    },
    { step: { interrupted: true } },
  );
}
