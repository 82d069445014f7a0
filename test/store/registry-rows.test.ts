import { afterAll, beforeAll, expect, test } from 'vitest';
import { insertGateResult, insertStageChange, selectResults } from '../../src/store/registry-gate-rows.ts';
import { insertModel, selectModelsWith } from '../../src/store/registry-model-rows.ts';
import type { NewModelRow } from '../../src/store/registry-model-rows.ts';
import { migratedDatabase } from './migrated-database.ts';
import type { TestDatabase } from './migrated-database.ts';

const AT = '2026-01-02T03:04:05.060Z';
const DIGEST = 'a'.repeat(64);
const ROW: NewModelRow = {
  ...{ id: 'mdl_1', runId: 'run_1', name: 'demo', version: '1', digest: DIGEST, location: '/srv/demo', imported: false, files: 1, bytes: 9_000_000_000_000 },
  ...{
    signature: null,
    datasets: [],
    trainingRun: null,
    licence: null,
    owner: 'per_1',
    stage: 'registered',
    stageAt: AT,
    registeredAt: AT,
    registeredBy: 'per_1',
  },
  ...{ parents: [], manifest: [{ name: '.', sha256: DIGEST }] },
};

let store: TestDatabase;
beforeAll(async () => {
  store = await migratedDatabase();
  await store.database.transaction((statements) => insertModel(statements, ROW));
});
afterAll(async () => {
  await store.drop();
});

test('a row is given back as it was', async () => {
  const { manifest: _manifest, ...facts } = ROW;
  expect(await store.database.run((statements) => selectModelsWith(statements, 'id', 'mdl_1'))).toEqual([{ ...facts, rowVersion: 1, position: 1 }]);
});

test.each<[string, Partial<NewModelRow>]>([
  ['the digest of another', {}],
  ['the name and version of another', { digest: 'b'.repeat(64) }],
  ['the run of another', { digest: 'b'.repeat(64), version: '2', runId: 'run_1' }],
  ['no digest', { digest: 'B'.repeat(64), version: '2' }],
  ['no files', { digest: 'b'.repeat(64), version: '2', files: 0 }],
  ['a parent that is not there', { digest: 'b'.repeat(64), version: '2', parents: ['mdl_9'] }],
  ['itself as a parent', { digest: 'b'.repeat(64), version: '2', parents: ['mdl_2'] }],
])('a model with %s is not stored, nor any part of it', async (_what, given) => {
  const row = { ...ROW, id: 'mdl_2', runId: 'run_2', ...given };
  await expect(store.database.transaction((statements) => insertModel(statements, row))).rejects.toThrow();
  expect(await store.database.run((statements) => selectModelsWith(statements, 'id', 'mdl_2'))).toEqual([]);
});

test('a stage change that is none, or the first of which leads elsewhere, is not stored', async () => {
  const change = { model: 'mdl_1', by: 'per_1', runId: 'run_1', reason: null, at: AT };
  for (const [from, to] of [
    ['validated', 'validated'],
    [null, 'production'],
  ] as const)
    await expect(store.database.transaction((statements) => insertStageChange(statements, { ...change, from, to }))).rejects.toThrow();
});

test('a result is kept once for its run, gate and digest', async () => {
  const result = { digest: DIGEST, gate: 'verify-model', verdict: 'ok', summary: '', runId: 'run_1', at: AT } as const;
  for (const verdict of ['ok', 'violation'] as const) await store.database.transaction((statements) => insertGateResult(statements, { ...result, verdict }));
  expect(await store.database.run((statements) => selectResults(statements, DIGEST, 10))).toEqual([result]);
});
