import { ElulmcError } from '../../core/errors.ts';
import type { StoredRequest } from './records.ts';
import type { ApprovalRequest, ApprovalState, ApprovalStatement } from './service.ts';
import { digestOf, readStatement } from './statement.ts';

/** INTEGRITY_VIOLATION when what is stored is not what this program writes. */
export function statementOf(stored: StoredRequest): ApprovalStatement {
  const statement = readStatement(stored.payload);
  const repeated = statement?.request === stored.id && statement.requester === stored.requester && statement.expiresAt === stored.expiresAt;
  if (repeated && statement.policy.required === stored.required) return statement;
  throw new ElulmcError('INTEGRITY_VIOLATION', `the stored request ${stored.id} does not hold its statement`);
}

function stateOf(stored: StoredRequest, statement: ApprovalStatement, nowMs: number): ApprovalState {
  if (stored.usedBy !== null) return 'used';
  if (stored.declined !== null) return 'declined';
  if (stored.expiredAt !== null || nowMs >= Date.parse(statement.expiresAt)) return 'expired';
  return stored.signatures.length >= statement.policy.required ? 'approved' : 'open';
}

export function requestOf(stored: StoredRequest, nowMs: number): ApprovalRequest {
  const statement = statementOf(stored);
  const { id, payload, reason, ref, declined, usedBy, createdAt, signatures } = stored;
  return { id, statement, payload, digest: digestOf(payload), reason, ref, state: stateOf(stored, statement, nowMs), signatures, declined, usedBy, createdAt };
}
