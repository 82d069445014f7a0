import { wallAt } from '../../core/clock.ts';
import { ElulmcError } from '../../core/errors.ts';
import { findPolicy, findPolicyOfRun, insertPolicy, selectPolicies } from '../../store/attestation-policy-rows.ts';
import type { AttestationPolicyRow } from '../../store/attestation-policy-rows.ts';
import type { Database } from '../../store/database.ts';
import type { ApprovedPolicy, AttestationPolicyService } from './service.ts';

function policyOf({ runId: _runId, ...policy }: AttestationPolicyRow): ApprovedPolicy {
  return policy;
}

/** Approved policies in the database. */
export function createAttestationPolicyService(database: Database): AttestationPolicyService {
  return {
    set: ({ after, ...policy }, runId) =>
      database.transaction(async (statements) => {
        const before = await findPolicyOfRun(statements, runId);
        if (before !== undefined) return policyOf(before);
        const held = (await findPolicy(statements, policy.name))?.version ?? 0;
        const row = { ...policy, version: after + 1, setAt: wallAt(), runId };
        const stored = held === after ? await insertPolicy(statements, row) : undefined;
        if (stored !== undefined) return policyOf(stored);
        throw new ElulmcError('CONFLICT', `the policy ${policy.name} was changed meanwhile: version ${String(after)} does not hold any more`, {
          field: 'name',
        });
      }),
    find: async (name) => {
      const row = await database.run((statements) => findPolicy(statements, name));
      return row === undefined ? undefined : policyOf(row);
    },
    list: async () => (await database.run(selectPolicies)).map(policyOf),
  };
}
