import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { wallAt, wallMs } from '../../../src/core/clock.ts';
import { newId } from '../../../src/core/ids.ts';
import { createRegistryService } from '../../../src/services/registry/registry-service.ts';
import type { GateResult, NewModel, RegisteredModel, RegistryService, Stage } from '../../../src/services/registry/service.ts';
import { DEFAULT_GATES, MemoryRegistry } from '../../fixtures/memory-registry.ts';
import { migratedDatabase } from '../../store/migrated-database.ts';
import type { TestDatabase } from '../../store/migrated-database.ts';

let store: TestDatabase;
beforeAll(async () => {
  store = await migratedDatabase();
});
afterAll(async () => {
  await store.drop();
});

const KINDS: readonly (readonly [string, () => RegistryService])[] = [
  ['in the database', () => createRegistryService(store.database, DEFAULT_GATES)],
  ['in memory', () => new MemoryRegistry()],
];

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

function newModel(name: string, version: string, given: Partial<NewModel> = {}): NewModel {
  return {
    name,
    version,
    digest: sha256(`${name}@${version}`),
    location: `/srv/${name}/${version}`,
    imported: false,
    files: 2,
    bytes: 5_000_000_000,
    signature: { sha256: sha256('bundle'), mode: 'key', signer: 'abc' },
    parents: [],
    datasets: ['corpus one'],
    trainingRun: 'run 7',
    licence: 'MIT',
    owner: 'per_a',
    registeredBy: 'per_a',
    manifest: [
      { name: 'b', sha256: sha256('b') },
      { name: 'a', sha256: sha256('a') },
    ],
    ...given,
  };
}

describe.each(KINDS)('the registry %s', (_kind, open) => {
  let registry: RegistryService;
  beforeAll(() => {
    registry = open();
  });

  const register = (name: string, version: string, given: Partial<NewModel> = {}): Promise<RegisteredModel> =>
    registry.register(newModel(name, version, given), newId('run'));
  const record = (digest: string, gate: string, verdict: GateResult['verdict'], given: Partial<GateResult> = {}): Promise<void> =>
    registry.record({ digest, gate, verdict, summary: `${gate} says ${verdict}`, runId: newId('run'), at: wallAt(), ...given });
  const move = (model: RegisteredModel, to: Stage, runId = newId('run')): Promise<RegisteredModel> =>
    registry.move(model, to, { by: 'per_b', runId, reason: 'because' });
  const pass = async ({ digest }: RegisteredModel): Promise<void> => {
    await record(digest, 'backdoor-scan', 'ok');
    await record(digest, 'verify-model', 'ok');
  };

  test('what was registered is found by id, NAME@VERSION, digest, and by a name of one version', async () => {
    const given = newModel('found', '1.0');
    const { manifest, ...facts } = given;
    const model = await registry.register(given, newId('run'));
    expect(model).toEqual({ ...facts, id: model.id, stage: 'registered', stageAt: model.stageAt, registeredAt: model.registeredAt, rowVersion: 1 });
    expect(model.id).toMatch(/^mdl_/);
    for (const reference of [model.id, model.digest, 'found@1.0', 'found']) expect(await registry.find(reference, 'model'), reference).toEqual(model);
    expect(await registry.byDigest(model.digest)).toEqual(model);
    expect(await registry.manifest(model.id)).toEqual(manifest);
    expect(await registry.history(model.id)).toEqual([
      { from: null, to: 'registered', by: 'per_a', runId: expect.stringMatching(/^run_/) as string, reason: null, at: model.registeredAt },
    ]);
  });

  test('what is not there is said with the field, and a name of several versions with its candidates', async () => {
    for (const reference of ['mdl_none', 'none', 'none@1', sha256('none'), ''])
      await expect(registry.find(reference, 'parent'), reference).rejects.toMatchObject({ code: 'NOT_FOUND', field: 'parent' });
    expect(await registry.byDigest(sha256('none'))).toBeUndefined();
    await expect(registry.manifest('mdl_none')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(registry.history('mdl_none')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await register('twice', '1');
    await register('twice', '2');
    await expect(registry.find('twice', 'model')).rejects.toMatchObject({
      code: 'FIELD_INVALID',
      field: 'model',
      message: expect.stringContaining('twice@2, twice@1') as string,
    });
  });

  test('a run registers once; the same files or the same name and version are refused with what is there', async () => {
    const runId = newId('run');
    const model = await registry.register(newModel('once', '1'), runId);
    expect(await registry.register(newModel('once', '1'), runId)).toEqual(model);
    await expect(register('other', '1', { digest: model.digest })).rejects.toMatchObject({
      code: 'CONFLICT',
      field: 'model',
      message: expect.stringContaining(`once@1 (${model.id}, registered)`) as string,
    });
    await expect(register('once', '1', { digest: sha256('else') })).rejects.toMatchObject({
      code: 'CONFLICT',
      field: 'version',
      message: expect.stringContaining(model.digest) as string,
    });
    expect((await registry.list()).filter(({ name }) => name === 'once')).toEqual([model]);
  });

  test('of ten registrations at once of the same files one stands', async () => {
    const digest = sha256('raced');
    const all = await Promise.allSettled(Array.from({ length: 10 }, (_, n) => register('raced', String(n), { digest })));
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const one of all) if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'CONFLICT' });
  });

  test('parents keep their order, and know their children', async () => {
    const base = await register('base', '1');
    const adapter = await register('adapter', '1');
    const merged = await register('merged', '1', { parents: [base.id, adapter.id] });
    expect((await registry.find('merged', 'model')).parents).toEqual([base.id, adapter.id]);
    expect(await registry.children(adapter.id)).toEqual([merged]);
    expect(await registry.children(merged.id)).toEqual([]);
    await expect(register('orphan', '1', { parents: ['mdl_none'] })).rejects.toMatchObject({ code: 'NOT_FOUND', field: 'parent' });
    await expect(registry.find('orphan', 'model')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('the previous version leaves out what is out of use, younger, or of another name', async () => {
    const first = await register('line', '1');
    const second = await register('line', '2');
    await register('elsewhere', '2');
    const third = await register('line', '3');
    expect(await registry.previous(third)).toEqual(second);
    expect(await registry.previous(first)).toBeUndefined();
    await move(second, 'quarantined');
    expect(await registry.previous(third)).toEqual(first);
    await move(first, 'retired');
    expect(await registry.previous(third)).toBeUndefined();
    expect((await registry.list(['retired', 'quarantined'])).map(({ name, version }) => `${name}@${version}`)).toEqual(['line@2', 'line@1']);
  });

  test('the newest result of a gate counts; those before it are kept', async () => {
    const digest = sha256('gated');
    const runId = newId('run');
    await record(digest, 'verify-model', 'ok');
    await record(digest, 'backdoor-scan', 'finding', { runId });
    await record(digest, 'backdoor-scan', 'ok', { runId });
    await record(digest, 'verify-model', 'violation', { runId });
    await record(sha256('another'), 'verify-model', 'ok', { runId });
    expect((await registry.gates(digest)).map(({ gate, verdict }) => [gate, verdict])).toEqual([
      ['backdoor-scan', 'finding'],
      ['verify-model', 'violation'],
    ]);
    expect((await registry.results(digest, 2)).map(({ verdict }) => verdict)).toEqual(['violation', 'finding']);
    expect(await registry.results(digest, 100)).toHaveLength(3);
  });

  test('a result that comes later counts, whatever its clock says', async () => {
    const digest = sha256('clock');
    await record(digest, 'verify-model', 'ok', { at: wallAt() });
    await record(digest, 'verify-model', 'violation', { at: new Date(wallMs() - 60_000).toISOString() });
    expect(await registry.gates(digest)).toMatchObject([{ verdict: 'violation' }]);
  });

  test('a model goes from stage to stage only with its gates, each time once', async () => {
    const model = await register('walker', '1');
    await expect(move(model, 'validated')).rejects.toMatchObject({
      code: 'GATE_NOT_MET',
      field: 'stage',
      message: expect.stringMatching(/\n {2}backdoor-scan: .*elulmc security backdoor-scan --model walker@1\n {2}verify-model: .*--model walker@1$/) as string,
    });
    await pass(model);
    expect(await registry.faults(model, 'production')).toEqual([]);
    await expect(move(model, 'production')).rejects.toMatchObject({ code: 'STAGE_NOT_REACHABLE', message: expect.stringContaining('validated') as string });
    const runId = newId('run');
    const validated = await move(model, 'validated', runId);
    expect(validated).toMatchObject({ stage: 'validated', rowVersion: 2 });
    expect(await move(model, 'validated', runId)).toEqual(validated);
    expect(await move(validated, 'validated')).toEqual(validated);
    await expect(move(model, 'staging')).rejects.toMatchObject({ code: 'CONFLICT' });
    const production = await move(await move(validated, 'staging'), 'production');
    const back = await move(production, 'validated');
    expect(await registry.find(model.id, 'model')).toEqual(back);
    expect((await registry.history(model.id)).map(({ from, to }) => [from, to])).toEqual([
      [null, 'registered'],
      ['registered', 'validated'],
      ['validated', 'staging'],
      ['staging', 'production'],
      ['production', 'validated'],
    ]);
  });

  test('a violation keeps it out of every stage, also its own, until a newer result clears it', async () => {
    const model = await register('broken', '1');
    await pass(model);
    const validated = await move(model, 'validated');
    await record(model.digest, 'loyalty-test', 'violation');
    for (const stage of ['registered', 'validated', 'staging', 'production'] as const)
      await expect(move(validated, stage), stage).rejects.toMatchObject({ code: 'GATE_NOT_MET', message: expect.stringContaining('loyalty-test') as string });
    const held = await move(validated, 'quarantined');
    await expect(move(held, 'registered')).rejects.toMatchObject({ code: 'GATE_NOT_MET' });
    await record(model.digest, 'loyalty-test', 'ok');
    await expect(move(held, 'retired')).rejects.toMatchObject({ code: 'STAGE_NOT_REACHABLE' });
    const free = await move(held, 'registered');
    expect(await move(await move(free, 'retired'), 'quarantined')).toMatchObject({ stage: 'quarantined' });
  });

  test('of ten changes of one version at once one is made', async () => {
    const model = await register('contended', '1');
    await pass(model);
    const all = await Promise.allSettled(Array.from({ length: 10 }, (_, n) => move(model, n % 2 === 0 ? 'retired' : 'validated')));
    expect((await registry.history(model.id)).length).toBe(2);
    const { stage } = await registry.find(model.id, 'model');
    for (const one of all) if (one.status === 'fulfilled') expect(one.value.stage).toBe(stage);
  });

  test('a model of 100,000 files is kept whole, in order', { timeout: 60_000 }, async () => {
    const manifest = Array.from({ length: 100_000 }, (_, n) => ({ name: `shard/${String(n)} é\u{1f600}.bin`, sha256: sha256(String(n)) }));
    const { id } = await register('large', '1', { manifest, files: manifest.length });
    expect(await registry.manifest(id)).toEqual(manifest);
  });
});
