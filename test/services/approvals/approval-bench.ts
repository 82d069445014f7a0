import { createHash, generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { Config } from '../../../src/core/config.ts';
import { newId } from '../../../src/core/ids.ts';
import { createApprovalService } from '../../../src/services/approvals/approval-service.ts';
import type { ApprovalRequest, ApprovalService, ApprovalSignature, Effect } from '../../../src/services/approvals/service.ts';
import { readSignature, signedBytesOf } from '../../../src/services/approvals/signature.ts';
import type { VerifyPasskey } from '../../../src/services/approvals/signature.ts';
import { storedApprovals } from '../../../src/services/approvals/stored-approvals.ts';
import type { Role } from '../../../src/services/people/roles.ts';
import type { PeopleService, Person } from '../../../src/services/people/service.ts';
import type { Database } from '../../../src/store/database.ts';
import { signEd25519 } from '../../../src/vault/dsse.ts';
import { defaultPolicy } from '../../fixtures/memory-approvals.ts';

export interface Signatory {
  readonly person: Person;
  readonly keyId: string;
  /** base64 SPKI DER */
  readonly publicKey: string;
  readonly privateKey: KeyObject;
}

/** A key that belongs to nobody. */
export function strangerKey(): Omit<Signatory, 'person'> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const der = publicKey.export({ type: 'spki', format: 'der' });
  return { privateKey, publicKey: der.toString('base64'), keyId: createHash('sha256').update(der).digest('hex') };
}

/** A new person with a key of their own, as the command line makes them. */
export async function signatory(people: PeopleService, role: Role, name = `A ${role}`): Promise<Signatory> {
  const key = strangerKey();
  const { secret } = await people.invite(role, 'system');
  const { person } = await people.redeem(secret, name, key.publicKey);
  return { ...key, person };
}

/** What `governance approve` sends for this person. */
export function signatureOf(payload: string, by: Pick<Signatory, 'keyId' | 'privateKey'>): { readonly keyId: string; readonly text: string } {
  return { keyId: by.keyId, text: signEd25519(by.privateKey, signedBytesOf(payload)).toString('base64url') };
}

/** The same as it stands in an envelope. */
export function envelopeSignature(payload: string, by: Omit<Signatory, 'person'>): ApprovalSignature {
  return readSignature({ id: by.keyId, kind: 'ed25519', publicKey: by.publicKey }, signatureOf(payload, by).text);
}

export async function signedBy(approvals: ApprovalService, request: ApprovalRequest, ...by: readonly Signatory[]): Promise<ApprovalRequest> {
  let signed = request;
  for (const each of by) signed = await approvals.sign(request.id, each.person.id, signatureOf(request.payload, each));
  return signed;
}

export interface BenchOptions {
  readonly installation?: string;
  readonly environment?: string;
  readonly policy?: Config['approvals'];
  /** Default: passkeys sign nothing. */
  readonly verifyPasskey?: VerifyPasskey;
  readonly now?: () => number;
}

/** The real service over a real database. */
export function approvalsOn(database: Database, options: BenchOptions = {}): ApprovalService {
  return createApprovalService({
    records: storedApprovals(database),
    installation: options.installation ?? 'ins_test',
    environment: options.environment ?? 'default',
    policy: options.policy ?? defaultPolicy({ change: 1 }),
    verifyPasskey: options.verifyPasskey ?? (() => Promise.resolve(false)),
    ...(options.now === undefined ? {} : { now: options.now }),
  });
}

export function effectOf(approvals: ApprovalService, changes: Partial<Effect> = {}): Effect {
  const operation = changes.operation ?? 'deployment activate-backup';
  return {
    runId: newId('run'),
    actor: 'per_performer',
    operation,
    input: { model: 'demo' },
    changes: ['serve demo from backup', 'tell it'],
    touches: [{ object: 'route:demo', version: 'v1' }],
    policy: approvals.policyFor(operation, 'change', 0),
    ...changes,
  };
}

export async function requested(
  approvals: ApprovalService,
  requester: string,
  effect: Effect,
  more: { readonly validForMs?: number } = {},
): Promise<ApprovalRequest> {
  const { runId: _run, actor: _actor, ...rest } = effect;
  return approvals.open({ runId: newId('run'), requester, effect: rest, reason: 'because', ref: null, ...more });
}
