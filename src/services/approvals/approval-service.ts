import { wallMs } from '../../core/clock.ts';
import type { Config } from '../../core/config.ts';
import { ElulmcError } from '../../core/errors.ts';
import { newId } from '../../core/ids.ts';
import type { Json } from '../../ledger/entry.ts';
import { checkMayApprove, checkSigners } from './check-signers.ts';
import { checkCall, checkPlace, checkPlan, checkPolicy, isRest } from './compare-effect.ts';
import { openDecisions } from './decisions.ts';
import { policyFor } from './policy.ts';
import type { ApprovalRecords, HeldRequest, StoredRequest } from './records.ts';
import { requestOf, statementOf } from './request-state.ts';
import type { ApprovalRequest, ApprovalService, ApprovalSignature, ApprovalStatement, Effect } from './service.ts';
import { counterOf, readSignature, verifySignature } from './signature.ts';
import type { VerifyPasskey } from './signature.ts';
import { digestOf, payloadOf } from './statement.ts';
import { tokenFrom, verifyToken } from './token.ts';

export interface ApprovalServiceOptions {
  readonly records: ApprovalRecords;
  readonly installation: string;
  readonly environment: string;
  readonly policy: Config['approvals'];
  readonly verifyPasskey: VerifyPasskey;
  /** This machine's clock in milliseconds since the Unix epoch. */
  readonly now?: () => number;
}

const MAX_PAYLOAD_BYTES = 256 * 1024;

/** What a signature was given with: the stored ones, or those of a token. */
interface Given {
  readonly id: string;
  /** Undefined: the stored payload and its signatures. */
  readonly proven: { readonly payload: string; readonly signatures: readonly ApprovalSignature[] } | undefined;
}

function unknown(id: string): ElulmcError {
  return new ElulmcError('APPROVAL_UNKNOWN', `there is no request ${id.slice(0, 64)} here`, { field: 'request' });
}

function refuseDeclined({ declined, id }: StoredRequest): void {
  if (declined !== null) throw new ElulmcError('APPROVAL_DECLINED', `${id} was declined by ${declined.by}: ${declined.reason}`);
}

/** Requests, signatures and their use; the rules are docs/formats/approval.md. */
export function createApprovalService(options: ApprovalServiceOptions): ApprovalService {
  const { records, verifyPasskey, installation, environment } = options;
  const now = options.now ?? wallMs;
  const nowAt = (): string => new Date(now()).toISOString();
  const shown = (stored: StoredRequest): ApprovalRequest => requestOf(stored, now());
  const decisions = openDecisions(() => expire());

  async function expire(): Promise<void> {
    for (const stored of await records.expire(nowAt())) decisions.tell(shown(stored));
  }

  /** The later of both clocks counts, and what was once seen expired stays so: a clock that jumps back revives nothing. */
  function refuseExpired({ stored, databaseMs }: HeldRequest): void {
    const { expiresAt } = statementOf(stored);
    if (stored.expiredAt !== null || Math.max(databaseMs, now()) >= Date.parse(expiresAt))
      throw new ElulmcError('APPROVAL_EXPIRED', `${stored.id} expired at ${expiresAt}`);
  }

  async function refuseUsed(request: HeldRequest, runId: string | null): Promise<void> {
    const { usedBy, id } = request.stored;
    if (usedBy === null || usedBy === runId) return;
    if (await request.isRunOpen(usedBy)) throw new ElulmcError('APPROVAL_IN_USE', `${id} is in use by ${usedBy}`);
    throw new ElulmcError('APPROVAL_USED', `${id} was used by ${usedBy}`);
  }

  /** One transaction on a request. What is found expired is marked so afterwards, whatever the transaction itself took back. */
  async function held<T>(id: string, work: (held: HeldRequest) => Promise<T>): Promise<T> {
    try {
      const result = await records.hold(id, async (request) => ({ value: await work(request) }));
      if (result === undefined) throw unknown(id);
      return result.value;
    } catch (thrown) {
      if (thrown instanceof ElulmcError && thrown.code === 'APPROVAL_EXPIRED') await expire().catch(() => undefined);
      throw thrown;
    }
  }

  async function found(id: string): Promise<ApprovalRequest> {
    const stored = await records.find(id);
    if (stored === undefined) throw unknown(id);
    return shown(stored);
  }

  async function given(approval: { readonly token: string } | { readonly request: string }): Promise<Given> {
    if ('request' in approval) return { id: approval.request, proven: undefined };
    const proven = await verifyToken(approval.token, verifyPasskey);
    checkPlace(proven.statement, { installation, environment });
    return { id: proven.statement.request, proven };
  }

  /** Everything that must hold in the moment of the effect; nothing is changed here. The statement, and whether all of it still is to be done. */
  async function checkUse(request: HeldRequest, { proven }: Given, effect: Effect): Promise<void> {
    const { stored } = request;
    if (proven !== undefined && proven.payload !== stored.payload) throw unknown(stored.id);
    const statement = statementOf(stored);
    const signatures = proven?.signatures ?? stored.signatures.map(({ signature }) => signature);
    checkPlace(statement, { installation, environment });
    refuseDeclined(stored);
    await refuseUsed(request, effect.runId);
    for (const signature of signatures) await verifySignature(stored.payload, signature, verifyPasskey);
    checkCall(statement, effect);
    if (stored.usedBy === effect.runId && isRest(statement, effect)) return;
    refuseExpired(request);
    checkPolicy(statement, effect);
    checkPlan(statement, effect);
    const signers = await request.signers(signatures.map(({ keyid }) => keyid));
    checkSigners(statement, signatures, signers, statement.policy.required, effect.actor);
  }

  async function addSignature(request: HeldRequest, personId: string, sent: { readonly keyId: string; readonly text: string }): Promise<void> {
    const { stored } = request;
    const statement = statementOf(stored);
    checkPlace(statement, { installation, environment });
    refuseDeclined(stored);
    await refuseUsed(request, null);
    refuseExpired(request);
    if (statement.requester === personId) throw new ElulmcError('APPROVAL_BY_REQUESTER', `${personId} asked for ${stored.id}`);
    const [signer] = await request.signers([sent.keyId]);
    if (signer?.person !== personId || signer.keyRemoved)
      throw new ElulmcError('APPROVAL_KEY_UNKNOWN', `${personId} has no key ${sent.keyId.slice(0, 64)}`, { field: 'keyId' });
    checkMayApprove(signer);
    const signature = readSignature({ id: signer.keyId, kind: signer.kind, publicKey: signer.publicKey }, sent.text);
    await verifySignature(stored.payload, signature, verifyPasskey);
    const earlier = stored.signatures.find(({ person }) => person === personId);
    if (earlier !== undefined && earlier.signature.keyid !== sent.keyId)
      throw new ElulmcError('APPROVAL_TWICE', `${personId} has signed ${stored.id} with another key`);
    if (earlier !== undefined) return;
    const counter = counterOf(signature);
    if (counter !== undefined && !(await request.raiseCounter(sent.keyId, counter)))
      throw new ElulmcError('APPROVAL_SIGNATURE_INVALID', 'the counter of the passkey did not rise: there may be a copy of it', { field: 'signature' });
    await request.addSignature({ person: personId, at: nowAt(), signature });
  }

  return {
    policyFor: (operation, risk, least) => policyFor(options.policy, operation, risk, least),
    async open(asked) {
      const { operation, input, changes, touches, policy } = asked.effect;
      const validForMs = asked.validForMs ?? options.policy.validFor;
      if (validForMs > options.policy.validFor)
        throw new ElulmcError('FIELD_INVALID', 'expiresIn: is longer than approvals.validFor of config.yaml', { field: 'expiresIn' });
      // The earlier of both clocks: one that runs ahead and is set right later must not have made an approval last longer.
      const createdMs = Math.min(now(), await records.databaseMs());
      const id = newId('apr');
      const expiresAt = new Date(createdMs + validForMs).toISOString();
      const { requester, runId, reason, ref } = asked;
      const statement: ApprovalStatement = { v: 1, request: id, installation, environment, operation, input, changes, touches, policy, requester, expiresAt };
      const payload = payloadOf({ ...statement, input: JSON.parse(JSON.stringify(input)) as Record<string, Json> });
      if (Buffer.byteLength(payload) > MAX_PAYLOAD_BYTES)
        throw new ElulmcError(
          'FIELD_INVALID',
          `the plan and its input have more than ${String(MAX_PAYLOAD_BYTES)} bytes: nobody can read what they would sign`,
        );
      const createdAt = new Date(createdMs).toISOString();
      const fresh = { declined: null, expiredAt: null, usedBy: null, signatures: [] };
      return shown(await records.insert({ id, runId, payload, required: policy.required, requester, expiresAt, reason, ref, createdAt, ...fresh }));
    },
    async find(id) {
      const stored = await records.find(id);
      return stored === undefined ? undefined : shown(stored);
    },
    list: async (filter) => (await records.list({ ...filter, now: nowAt() })).map(shown),
    async sign(id, personId, signature) {
      await held(id, (request) => addSignature(request, personId, signature));
      const request = await found(id);
      if (request.state === 'approved') decisions.tell(request);
      return request;
    },
    async decline(id, personId, reason) {
      await held(id, async (request) => {
        await refuseUsed(request, null);
        if (request.stored.declined !== null) return;
        refuseExpired(request);
        await request.decline({ by: personId, at: nowAt(), reason });
      });
      const request = await found(id);
      decisions.tell(request);
      return request;
    },
    tokenOf: ({ payload, signatures, statement }) =>
      signatures.length < statement.policy.required
        ? undefined
        : tokenFrom(
            payload,
            signatures.map(({ signature }) => signature),
          ),
    async use(approval, effect) {
      const what = await given(approval);
      await held(what.id, async (request) => {
        await checkUse(request, what, effect);
        if (!(await request.use(effect.runId, nowAt()))) throw new ElulmcError('APPROVAL_USED', `${what.id} was used by another call`);
      });
      const used = await found(what.id);
      // A token may carry signatures that were never sent here: those are the ones it was used with.
      return what.proven === undefined ? used : { ...used, digest: digestOf(what.proven.payload), signatures: await signedBy(used, what.proven.signatures) };
    },
    onDecided: (listener) => decisions.listen(listener),
  };

  async function signedBy(request: ApprovalRequest, signatures: readonly ApprovalSignature[]): Promise<ApprovalRequest['signatures']> {
    const signers = await records.hold(request.id, (again) => again.signers(signatures.map(({ keyid }) => keyid)));
    const at = new Date(now()).toISOString();
    return signatures.map((signature) => {
      const stored = request.signatures.find((each) => each.signature.keyid === signature.keyid);
      return stored ?? { person: signers?.find(({ keyId }) => keyId === signature.keyid)?.person ?? '', at, signature };
    });
  }
}
