import {
  databaseClock,
  declineRequest,
  expireRequests,
  insertRequest,
  insertSignature,
  isRunOpen,
  lockRequest,
  lockSigners,
  selectRequest,
  selectRequests,
  useRequest,
} from '../../store/approval-rows.ts';
import type { RequestWithSignatures } from '../../store/approval-rows.ts';
import type { Database, Statements } from '../../store/database.ts';
import { raiseCounter } from '../../store/person-key-rows.ts';
import { ElulmcError } from '../../core/errors.ts';
import { isRole } from '../people/roles.ts';
import type { ApprovalRecords, HeldRequest, Signer, StoredRequest } from './records.ts';
import type { ApprovalSignature } from './service.ts';

function storedOf({ request, signatures }: RequestWithSignatures): StoredRequest {
  const { declinedBy: by, declinedAt: at, declineReason: reason } = request;
  return {
    id: request.id,
    runId: request.runId,
    payload: request.payload,
    required: request.required,
    requester: request.requester,
    expiresAt: request.expiresAt,
    reason: request.reason,
    ref: request.ref,
    createdAt: request.createdAt,
    declined: by === null || at === null || reason === null ? null : { by, at, reason },
    expiredAt: request.expiredAt,
    usedBy: request.usedBy,
    signatures: signatures.map((row) => ({ person: row.person, at: row.at, signature: row.signature as ApprovalSignature })),
  };
}

function signerOf({ key, person }: Awaited<ReturnType<typeof lockSigners>>[number]): Signer {
  if (!isRole(person.role)) throw new ElulmcError('INTERNAL', `${person.id} has the unknown role ${person.role}`);
  return {
    keyId: key.id,
    keyRemoved: key.removedAt !== null,
    kind: key.kind,
    publicKey: key.publicKey,
    person: person.id,
    role: person.role,
    personRemoved: person.removedAt !== null,
  };
}

async function holdRequest(statements: Statements, row: RequestWithSignatures): Promise<HeldRequest> {
  const { id } = row.request;
  return {
    stored: storedOf(row),
    databaseMs: await databaseClock(statements),
    signers: async (keyIds) => (await lockSigners(statements, keyIds)).map(signerOf),
    raiseCounter: (keyId, counter) => raiseCounter(statements, keyId, counter),
    isRunOpen: (runId) => isRunOpen(statements, runId),
    addSignature: ({ person, at, signature }) => insertSignature(statements, { request: id, person, keyId: signature.keyid, signature, at }),
    decline: (declined) => declineRequest(statements, id, declined),
    use: (runId, at) => useRequest(statements, id, runId, at),
  };
}

/** Approval requests in the database. */
export function storedApprovals(database: Database): ApprovalRecords {
  return {
    async insert(request) {
      const { declined, signatures, ...row } = request;
      if (declined !== null || signatures.length > 0) throw new ElulmcError('INTERNAL', 'a new request is neither signed nor declined');
      const insertion = { ...row, declinedBy: null, declinedAt: null, declineReason: null, usedAt: null };
      const stored = await database.transaction(async (statements) => selectRequest(statements, await insertRequest(statements, insertion)));
      if (stored === undefined) throw new ElulmcError('INTERNAL', `${request.id} was not stored`);
      return storedOf(stored);
    },
    async find(id) {
      const row = await database.run((statements) => selectRequest(statements, id));
      return row === undefined ? undefined : storedOf(row);
    },
    list: async ({ states, limit, now }) => (await database.run((statements) => selectRequests(statements, states, limit, now))).map(storedOf),
    hold: (id, work) =>
      database.transaction(async (statements) => {
        const row = await lockRequest(statements, id);
        return row === undefined ? undefined : work(await holdRequest(statements, row));
      }),
    expire: async (now) => (await database.transaction((statements) => expireRequests(statements, now))).map(storedOf),
    databaseMs: () => database.run(databaseClock),
  };
}
