import { wallMs } from '../core/clock.ts';
import { ElulmcError } from '../core/errors.ts';
import { asRecord } from '../core/json.ts';
import type { ApprovalRequest } from '../services/approvals/service.ts';
import type { BoundCommand } from './bind.ts';
import { inputOf } from './parameters.ts';
import { valuesOf } from './run-parts.ts';
import { actorOf, waitFor } from './run-steps.ts';
import type { Directive, StepWork } from './run-steps.ts';
import type { StepView } from './run-view.ts';
import { stepRunId } from './step-run-id.ts';

/** What is known about the approval that a step needs. */
export type DecidedApproval =
  | { readonly kind: 'go'; readonly request: string | undefined }
  | { readonly kind: 'wait'; readonly directive: Directive }
  | { readonly kind: 'refused'; readonly error: ElulmcError };

export function approvalView(request: ApprovalRequest): NonNullable<StepView['approval']> {
  return {
    request: request.id,
    state: request.state,
    required: request.statement.policy.required,
    people: request.signatures.map(({ person }) => person),
  };
}

/** Looks at the request that the step has made, if it has. */
export async function decidedApproval(work: StepWork): Promise<DecidedApproval> {
  const { approval } = work.step.details;
  if (approval === null) return { kind: 'go', request: undefined };
  const request = await work.parts.approvals.find(approval.request);
  if (request === undefined) return { kind: 'refused', error: new ElulmcError('APPROVAL_UNKNOWN', `there is no request ${approval.request}`) };
  switch (request.state) {
    case 'open':
      return { kind: 'wait', directive: await waitForApproval(work, request) };
    case 'approved':
    case 'used':
      return { kind: 'go', request: request.id };
    case 'declined': {
      const { by, reason } = request.declined ?? { by: 'somebody', reason: '' };
      return { kind: 'refused', error: new ElulmcError('APPROVAL_DECLINED', `${by} declined ${request.id}: ${reason}`) };
    }
    case 'expired':
      return { kind: 'refused', error: new ElulmcError('APPROVAL_EXPIRED', `${request.id} was not approved until ${request.statement.expiresAt}`) };
  }
}

/** Run id of the request of a step: another one for each attempt at the step, which asks anew. */
export function requestRunId({ record, step }: Pick<StepWork, 'record' | 'step'>): string {
  return stepRunId(record.run.id, `${step.details.shown.id} request ${String(step.details.retries)}`);
}

/** Asks for the approvals that an operation's step needs, as the person who runs it, and lets the run wait for them. */
export async function askApproval(work: StepWork, command: BoundCommand): Promise<Directive> {
  const { parts, record, step, prepared } = work;
  const { approve } = prepared.step.attributes;
  const report = await parts.door.call({
    room: 'governance',
    name: 'request',
    input: {
      operation: `${command.entry.room} ${command.entry.name}`,
      input: JSON.stringify(inputOf(command, valuesOf(record, work.live))),
      reason: reasonOf(work),
      ...(approve === 0 ? {} : { approvals: approve }),
    },
    actor: await actorOf(parts, record.run.details.actorKind, record.run.details.actor),
    runId: requestRunId(work),
    ref: record.run.id,
    signal: work.stopping,
  });
  const id = asRecord(report.output)?.['request'];
  const request = typeof id === 'string' ? await parts.approvals.find(id) : undefined;
  if (request === undefined) throw new ElulmcError('OPERATION_FAILED', `governance request gave no request for ${step.details.shown.id}`);
  return waitForApproval(work, request);
}

export function reasonOf({ record, step }: StepWork): string {
  const { runbook, section } = record.run.details;
  return `line ${String(step.details.shown.line)} of ${runbook}, ${section}`.slice(0, 500);
}

export async function waitForApproval(work: StepWork, request: ApprovalRequest): Promise<Directive> {
  const { required } = request.statement.policy;
  const missing = required - request.signatures.length;
  const people = missing === 1 ? 'person' : 'people';
  const seconds = (Date.parse(request.statement.expiresAt) - wallMs()) / 1000 + 1;
  return waitFor(
    work,
    {
      kind: 'approval',
      step: work.step.details.shown.id,
      text: `${String(missing)} more ${people} must approve ${request.id} until ${request.statement.expiresAt}`,
      help: `elulmc governance approve ${request.id}`,
    },
    { step: { approval: approvalView(request) } },
    seconds,
  );
}
