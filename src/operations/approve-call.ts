import { ElulmcError } from '../core/errors.ts';
import type { Json } from '../ledger/entry.ts';
import type { Effect } from '../services/approvals/service.ts';
import { grants } from '../services/people/roles.ts';
import type { Actor } from '../services/people/service.ts';
import { HOW_TO_ASK, needsNoApproval, requirementOf } from './approval-requirement.ts';
import type { Passage } from './passage.ts';
import { without } from './plan-digest.ts';

const LEAST_REASON_CHARACTERS = 10;
const MOST_REASON_CHARACTERS = 500;

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** The command that asks for the approval of exactly this call. */
function requestCommand(passage: Passage, required: number, byPolicy: number): string {
  const { declaration, call, recorded } = passage;
  const given = without((call.input ?? {}) as Record<string, unknown>, declaration.secrets);
  const input = Object.keys(given).length === 0 ? '' : ` --input ${quoted(JSON.stringify(given))}`;
  const more = required > byPolicy ? ` --approvals ${String(required)}` : '';
  return `elulmc governance request ${quoted(recorded.operation)}${input}${more} --reason REASON`;
}

/** FIELD_INVALID or NOT_ALLOWED unless this person may break the glass for this reason. */
function checkBreakGlass(actor: Actor, reason: string): void {
  const length = reason.trim().length;
  if (length < LEAST_REASON_CHARACTERS || length > MOST_REASON_CHARACTERS || /\p{Cc}/u.test(reason)) {
    const range = `${String(LEAST_REASON_CHARACTERS)} to ${String(MOST_REASON_CHARACTERS)}`;
    throw new ElulmcError('FIELD_INVALID', `--break-glass needs a reason of ${range} printable characters`, { field: 'break-glass' });
  }
  if (actor.kind === 'person' && (grants(actor.role, 'secure') || grants(actor.role, 'administer'))) return;
  throw new ElulmcError('NOT_ALLOWED', '--break-glass needs a person with the role security or admin', { field: 'break-glass' });
}

/** What was not signed must not be performed under a signature. */
function refuseSecrets({ declaration, input, recorded }: Passage): void {
  const field = (declaration.secrets ?? []).find((name) => input[name] !== undefined);
  if (field === undefined) return;
  throw new ElulmcError('APPROVAL_OTHER_INPUT', `${recorded.operation}: ${field} is secret, so nobody can have signed it`, { field });
}

/** Step 4 of the door, as far as it can be said without using anything up. APPROVAL_MISSING says how many are missing and how to ask. */
export function demandApproval(passage: Passage): void {
  const { declaration, call, context, recorded } = passage;
  if (needsNoApproval(declaration)) return;
  if (call.breakGlass !== undefined) checkBreakGlass(call.actor, call.breakGlass);
  if (call.approval !== undefined) {
    refuseSecrets(passage);
    return;
  }
  if (call.breakGlass !== undefined) return;
  const { approvals } = context.services;
  const { required } = requirementOf(approvals, declaration, call.leastApprovals ?? 0);
  if (required === 0) return;
  const byPolicy = requirementOf(approvals, declaration, 0).required;
  const people = required === 1 ? '1 other person' : `${String(required)} other people`;
  throw new ElulmcError('APPROVAL_MISSING', `${recorded.operation} needs the approval of ${people}${HOW_TO_ASK}${requestCommand(passage, required, byPolicy)}`);
}

function effectOf({ declaration, call, context, recorded, input }: Passage): Effect {
  return {
    runId: context.runId,
    actor: call.actor.id,
    operation: recorded.operation,
    input: without(input, declaration.secrets) as Record<string, Json>,
    changes: recorded.plan.changes,
    touches: recorded.plan.touches ?? [],
    policy: requirementOf(context.services.approvals, declaration, call.leastApprovals ?? 0),
  };
}

/** Uses the approval up, or records that the glass was broken: durable before anything is performed. Both stand in the entries then. */
export async function useApproval(passage: Passage): Promise<void> {
  const { declaration, call, context } = passage;
  if (needsNoApproval(declaration)) return;
  const { approvals, breakGlass } = context.services;
  const { runId } = context;
  if (call.approval !== undefined) {
    const used = await approvals.use(call.approval, effectOf(passage));
    const keyids = used.signatures.map(({ signature }) => signature.keyid);
    passage.approval = { request: used.id, people: used.signatures.map(({ person }) => person) };
    passage.recorded = { ...passage.recorded, approval: { request: used.id, digest: used.digest, keyids } };
  }
  if (call.breakGlass === undefined) return;
  const reason = call.breakGlass.trim();
  await breakGlass.record({ runId, operation: passage.recorded.operation, actor: call.actor.id, reason });
  passage.recorded = { ...passage.recorded, breakGlass: { reason } };
}
