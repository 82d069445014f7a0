import { ElulmcError } from '../../core/errors.ts';
import { grants } from '../people/roles.ts';
import type { Signer } from './records.ts';
import type { ApprovalSignature, ApprovalStatement } from './service.ts';

/** Whether this person may sign as things are now. APPROVER_REMOVED names who may not. */
export function checkMayApprove(signer: Pick<Signer, 'person' | 'role' | 'personRemoved'>): void {
  if (signer.personRemoved) throw new ElulmcError('APPROVER_REMOVED', `${signer.person} was removed`);
  if (!grants(signer.role, 'approve')) throw new ElulmcError('APPROVER_REMOVED', `${signer.person} has the role ${signer.role}, which may not approve`);
}

function signerOf(signature: ApprovalSignature, signers: readonly Signer[]): Signer {
  const signer = signers.find(({ keyId }) => keyId === signature.keyid);
  if (signer?.publicKey !== signature.publicKey || signer.kind !== signature.kind)
    throw new ElulmcError('APPROVAL_KEY_UNKNOWN', `the key ${signature.keyid.slice(0, 16)} belongs to no person`);
  if (signer.keyRemoved) throw new ElulmcError('APPROVAL_KEY_UNKNOWN', `the key ${signature.keyid.slice(0, 16)} of ${signer.person} was removed`);
  return signer;
}

/**
 * The people behind the signatures, each once. APPROVAL_KEY_UNKNOWN, APPROVER_REMOVED, APPROVAL_BY_REQUESTER, APPROVAL_TWICE
 * and APPROVAL_MISSING say what is wrong with them.
 */
export function checkSigners(
  statement: ApprovalStatement,
  signatures: readonly ApprovalSignature[],
  signers: readonly Signer[],
  required: number,
  performer: string,
): readonly string[] {
  const people: string[] = [];
  for (const signature of signatures) {
    const signer = signerOf(signature, signers);
    if (signer.person === statement.requester || signer.person === performer)
      throw new ElulmcError(
        'APPROVAL_BY_REQUESTER',
        `${signer.person} ${signer.person === performer ? 'performs' : 'asked for'} what ${signer.person} approved`,
      );
    checkMayApprove(signer);
    if (people.includes(signer.person)) throw new ElulmcError('APPROVAL_TWICE', `${signer.person} has signed it with two keys; that is one person`);
    people.push(signer.person);
  }
  if (people.length < required)
    throw new ElulmcError(
      'APPROVAL_MISSING',
      `${statement.request} has ${String(people.length)} of ${String(required)} signatures; elulmc governance approve ${statement.request}`,
    );
  return people;
}
