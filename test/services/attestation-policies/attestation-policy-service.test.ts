import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../../../src/core/ids.ts';
import { createAttestationPolicyService } from '../../../src/services/attestation-policies/attestation-policy-service.ts';
import type { AttestationPolicyService } from '../../../src/services/attestation-policies/service.ts';
import { MemoryAttestationPolicies } from '../../fixtures/memory-attestation-policies.ts';
import { migratedDatabase } from '../../store/migrated-database.ts';
import type { TestDatabase } from '../../store/migrated-database.ts';

let store: TestDatabase;
beforeAll(async () => {
  store = await migratedDatabase();
});
afterAll(async () => {
  await store.drop();
});

const KINDS: readonly (readonly [string, () => AttestationPolicyService])[] = [
  ['in the database', () => createAttestationPolicyService(store.database)],
  ['in memory', () => new MemoryAttestationPolicies()],
];

const policy = (name: string, after: number) => ({ name, text: `{"v":1} ${name} ${String(after)}`, sha256: 'ab'.repeat(32), setBy: 'per_a', after });

describe.each(KINDS)('%s', (_kind, open) => {
  let policies: AttestationPolicyService;
  beforeAll(() => {
    policies = open();
  });

  test('nothing is there at first', async () => {
    expect(await policies.find('racks')).toBeUndefined();
    expect(await policies.list()).toEqual([]);
    await expect(policies.set(policy('racks', 1), newId('run'))).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  test('a run sets one version, however often', async () => {
    const run = newId('run');
    const set = await policies.set(policy('racks', 0), run);
    expect(set).toMatchObject({ name: 'racks', version: 1, setBy: 'per_a' });
    expect(await policies.set(policy('racks', 0), run)).toEqual(set);
    expect(await policies.find('racks')).toEqual(set);
  });

  test('the newest version holds, and of two that replace the same one the second is refused', async () => {
    const runs = [newId('run'), newId('run')];
    const ends = await Promise.allSettled(runs.map((run) => policies.set(policy('racks', 1), run)));
    expect(ends.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    await expect(policies.set(policy('racks', 1), newId('run'))).rejects.toMatchObject({ code: 'CONFLICT', field: 'name' });
    await policies.set(policy('edge', 0), newId('run'));
    expect((await policies.list()).map(({ name, version }) => [name, version])).toEqual([
      ['edge', 1],
      ['racks', 2],
    ]);
  });
});
