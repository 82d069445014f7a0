import { monotonicMs, wallAt } from '../core/clock.ts';
import { ElulmcError, asElulmcError } from '../core/errors.ts';
import { EXIT } from '../core/exit-codes.ts';
import { isId, newId } from '../core/ids.ts';
import type { CatalogueEntry } from './catalogue.ts';
import type { OperationContext, OperationServices } from './context.ts';
import type { OperationDeclaration, Performed } from './declaration.ts';
import type { RecordedRun, RunOutcome, RunResult } from './entries.ts';
import { parseFields } from './parse-fields.ts';
import { planDigest, sha256OfJson, without } from './plan-digest.ts';
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
  /** Known in full once the plan is made. */
  recorded: RecordedRun;
}

export const EXIT_OF = { ok: EXIT.ok, finding: EXIT.finding, inconclusive: EXIT.inconclusive } as const;

/** Step 1 of the door. OPERATION_UNKNOWN, or FIELD_INVALID that names the field. */
export async function parseCall(catalogue: readonly CatalogueEntry[], services: OperationServices, call: OperationCall): Promise<Passage> {
  const entry = catalogue.find((candidate) => candidate.room === call.room && candidate.name === call.name);
  if (entry === undefined) throw new ElulmcError('OPERATION_UNKNOWN', `there is no operation "${call.room} ${call.name}"`);
  if (call.runId !== undefined && !isId('run', call.runId)) {
    throw new ElulmcError('FIELD_INVALID', 'the run id is not an id of the form run_...', { field: 'runId' });
  }
  const declaration = await entry.load();
  const input = parseFields(declaration.input, call.input);
  const runId = call.runId ?? newId('run');
  return {
    declaration,
    input,
    call,
    context: { actor: call.actor, runId, services, local: false, signal: call.signal, progress: call.onProgress ?? (() => undefined) },
    inputSha256: sha256OfJson(input),
    startedAt: wallAt(),
    startedMs: monotonicMs(),
    recorded: {
      runId,
      actor: call.actor.id,
      operation: `${entry.room} ${entry.name}`,
      ref: call.ref ?? null,
      input: without(input, [...(declaration.secrets ?? []), ...(declaration.personal ?? [])]),
      plan: { changes: [], notes: [] },
      planSha256: '',
    },
  };
}

/** Steps 3 and 4: what would change, and whether enough people have agreed to it. */
export async function planAndApprove(passage: Passage): Promise<void> {
  const { declaration, input, recorded } = passage;
  const plan = await declaration.plan(passage.context, input);
  passage.recorded = { ...recorded, plan, planSha256: planDigest(recorded.operation, without(input, declaration.secrets), plan.changes) };
  if (declaration.approvals > 0) {
    throw new ElulmcError('APPROVAL_MISSING', `${recorded.operation} needs the approval of ${String(declaration.approvals)} other people`);
  }
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
  const summary = texts.reduce((text, secret) => text.replaceAll(secret, '[not recorded]'), error.message);
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
    recorded: recorded.where,
    entries: { intent: recorded.intent, done: recorded.done },
  };
}
