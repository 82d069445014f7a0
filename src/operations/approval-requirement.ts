import type { AppliedPolicy, ApprovalService } from '../services/approvals/service.ts';
import type { OperationDeclaration } from './declaration.ts';

/** From here on the detail of APPROVAL_MISSING quotes the input: for the caller, not for the ledger. */
export const HOW_TO_ASK = '; ask for it: ';

type Declared = Pick<OperationDeclaration, 'room' | 'name' | 'risk' | 'approvals' | 'effectFirst' | 'partOfApproving'>;

/** An emergency must not wait, and nobody could ever approve if approving needed an approval. */
export function needsNoApproval(declaration: Declared): boolean {
  return declaration.effectFirst === true || declaration.partOfApproving === true;
}

/** How many people must sign a call now: the policy's number, never below the declaration's own and the caller's. */
export function requirementOf(approvals: Pick<ApprovalService, 'policyFor'>, declaration: Declared, leastOfCaller: number): AppliedPolicy {
  const { room, name, risk } = declaration;
  const policy = approvals.policyFor(`${room} ${name}`, risk, Math.max(declaration.approvals, leastOfCaller));
  return needsNoApproval(declaration) ? { ...policy, required: 0 } : policy;
}
