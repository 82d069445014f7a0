import { sha256OfJson } from '../core/canonical-json.ts';
import { monotonicMs, wallAt } from '../core/clock.ts';
import { ElulmcError, asElulmcError } from '../core/errors.ts';
import { EXIT } from '../core/exit-codes.ts';
import { isId, newId } from '../core/ids.ts';
import { HOW_TO_ASK, needsNoApproval, requirementOf } from './approval-requirement.ts';
import { authorize } from './authorize.ts';
import type { CatalogueEntry } from './catalogue.ts';
import type { OperationContext, OperationServices, PlannedCall } from './context.ts';
import type { OperationDeclaration, Performed } from './declaration.ts';
import type { RecordedRun, RunOutcome, RunResult } from './entries.ts';
import { parseFields } from './parse-fields.ts';
import { planDigest, without } from './plan-digest.ts';
import type { Recorded } from './recorder.ts';
import type { OperationCall, OperationReport } from './report.ts';

/** A call on its way through the door. */
export interface Passage {
  readonly declaration: OperationDeclaration;
  readonly input: Record<string, unknown>;
  readonly context: OperationContext;
  readonly call: OperationCall;
  readonly inputSha256: string;
  readonly startedAt: string;
  readonly startedMs: number;
  /** Known in full once the plan is made and the approval used. */
  recorded: RecordedRun;
  approval: OperationReport['approval'];
}

export const EXIT_OF = { ok: EXIT.ok, finding: EXIT.finding, violation: EXIT.integrityViolation, inconclusive: EXIT.inconclusive } as const;

/** Step 1 of the door. OPERATION_UNKNOWN, or FIELD_INVALID that names the field. */
export async function parseCall(catalogue: readonly CatalogueEntry[], services: OperationServices, call: OperationCall): Promise<Passage> {
  if (call.runId !== undefined && !isId('run', call.runId)) {
    throw new ElulmcError('FIELD_INVALID', 'the run id is not an id of the form run_...', { field: 'runId' });
  }
  const { declaration, input, operation } = await parseInput(catalogue, call);
  const runId = call.runId ?? newId('run');
  const context: OperationContext = {
    actor: call.actor,
    runId,
    ref: call.ref ?? null,
    services,
    local: false,
    signal: call.signal,
    progress: call.onProgress ?? (() => undefined),
    plan: (room, name, other, leastApprovals) => planOther(catalogue, context, { room, name, input: other }, leastApprovals),
  };
  return {
    declaration,
    input,
    call,
    context,
    inputSha256: sha256OfJson(input),
    startedAt: wallAt(),
    startedMs: monotonicMs(),
    recorded: {
      runId,
      actor: call.actor.id,
      operation,
      ref: call.ref ?? null,
      input: without(input, [...(declaration.secrets ?? []), ...(declaration.personal ?? [])]),
      plan: { changes: [], notes: [] },
      planSha256: '',
    },
    approval: null,
  };
}

type NamedCall = Pick<OperationCall, 'room' | 'name' | 'input'>;

async function parseInput(catalogue: readonly CatalogueEntry[], { room, name, input }: NamedCall) {
  const entry = catalogue.find((candidate) => candidate.room === room && candidate.name === name);
  if (entry === undefined) throw new ElulmcError('OPERATION_UNKNOWN', `there is no operation "${room} ${name}"`);
  const declaration = await entry.load();
  return { declaration, input: parseFields(declaration.input, input), operation: `${entry.room} ${entry.name}` };
}

/** What `context.plan` gives: only who may make a call learns what it would do. */
async function planOther(catalogue: readonly CatalogueEntry[], context: OperationContext, call: NamedCall, leastApprovals: number): Promise<PlannedCall> {
  const { declaration, input, operation } = await parseInput(catalogue, call);
  authorize(context.actor, declaration);
  const { changes, notes, touches } = await declaration.plan(context, input);
  const { secrets = [] } = declaration;
  return {
    operation,
    input: without(input, secrets),
    secrets: secrets.filter((name) => input[name] !== undefined),
    changes,
    notes,
    touches: touches ?? [],
    policy: requirementOf(context.services.approvals, declaration, leastApprovals),
    neverApproved: needsNoApproval(declaration),
  };
}

/** Step 3: what would change. */
export async function planCall(passage: Passage): Promise<void> {
  const { declaration, input, recorded } = passage;
  const plan = await declaration.plan(passage.context, input);
  passage.recorded = { ...recorded, plan, planSha256: planDigest(recorded.operation, without(input, declaration.secrets), plan.changes) };
}

export function asOperationError(thrown: unknown, signal: AbortSignal): ElulmcError {
  if (thrown instanceof ElulmcError) return thrown;
  return signal.aborted ? new ElulmcError('INTERRUPTED', 'the call was interrupted', { cause: thrown }) : asElulmcError(thrown, 'OPERATION_FAILED');
}

function outcomeOf(error: ElulmcError): RunOutcome {
  if (error.code === 'INTERRUPTED') return 'cancelled';
  return error.row.exit === EXIT.notAllowed || error.row.exit === EXIT.approvalMissing ? 'refused' : 'failed';
}

export function resultOf(passage: Passage, performed: Performed<unknown>): RunResult {
  return { outcome: performed.verdict, summary: performed.summary, tookMs: monotonicMs() - passage.startedMs };
}

/** The result of a call that could not be performed. The message may quote what the call was given, so that is taken out. */
export function failureOf(passage: Passage, error: ElulmcError): RunResult {
  const { declaration, input, startedMs } = passage;
  const hidden = [...(declaration.secrets ?? []), ...(declaration.personal ?? [])].map((field) => input[field]);
  const texts = hidden.filter((value): value is string => typeof value === 'string' && value !== '');
  const [told = ''] = error.code === 'APPROVAL_MISSING' ? error.message.split(HOW_TO_ASK) : [error.message];
  const summary = texts.reduce((text, secret) => text.replaceAll(secret, '[not recorded]'), told);
  return { outcome: outcomeOf(error), summary, tookMs: monotonicMs() - startedMs, code: error.code, errorId: error.id };
}

export function reportOf(passage: Passage, performed: Performed<unknown>, recorded: Recorded): OperationReport {
  return {
    runId: passage.context.runId,
    operation: passage.recorded.operation,
    dryRun: passage.call.dryRun === true,
    verdict: performed.verdict,
    exit: EXIT_OF[performed.verdict],
    summary: performed.summary,
    plan: passage.recorded.plan,
    planSha256: passage.recorded.planSha256,
    output: performed.output,
    startedAt: passage.startedAt,
    tookMs: monotonicMs() - passage.startedMs,
    approval: passage.approval,
    recorded: recorded.where,
    entries: { intent: recorded.intent, done: recorded.done },
  };
}
