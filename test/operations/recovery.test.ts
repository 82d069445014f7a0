import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { wallAt } from '../../src/core/clock.ts';
import { newId } from '../../src/core/ids.ts';
import { catalogue } from '../../src/operations/catalogue.ts';
import { openDoor } from '../../src/operations/door.ts';
import { resolveOpenRuns } from '../../src/operations/recovery.ts';
import type { ResolvedRun } from '../../src/operations/recovery.ts';
import { drainSpool } from '../../src/operations/spool.ts';
import { MemoryLedger } from '../fixtures/memory-ledger.ts';
import { MemoryOperationRuns } from '../fixtures/memory-operation-runs.ts';
import { memoryServices, personWith } from '../fixtures/operation-services.ts';
import type { MemoryServices } from '../fixtures/operation-services.ts';

let services: MemoryServices;
let log: MemoryLedger;
let runs: MemoryOperationRuns;

beforeEach(() => {
  services = memoryServices();
  log = new MemoryLedger();
  runs = new MemoryOperationRuns();
});

afterEach(() => {
  services.remove();
});

function resolve(): Promise<readonly ResolvedRun[]> {
  return resolveOpenRuns({ runs, posture: services.posture, log, recordedSince: log.recordedSince });
}

/** Runs an operation up to the moment at which `stopAt` says that the process dies: nothing after it happens. */
async function crash(name: string, stopAt: 'row' | 'intent' | 'effect' | 'done', actor = personWith('admin'), runId = newId('run')): Promise<string> {
  const never = new Promise<never>(() => undefined);
  const reached = Promise.withResolvers<undefined>();
  const dead = (): Promise<never> => {
    reached.resolve(undefined);
    return never;
  };
  // Each part of the process stops answering where it dies; what is durable stays.
  const deadLog = Object.assign(Object.create(log) as MemoryLedger, {
    size: () => log.size(),
    append: async (entry: Parameters<MemoryLedger['append']>[0]) => {
      if (stopAt === 'row') return dead();
      const position = await log.append(entry);
      return stopAt === 'intent' ? dead() : position;
    },
    appendSigned: async (entry: Parameters<MemoryLedger['append']>[0]) => {
      if (stopAt !== 'done') return dead();
      await log.append(entry);
      return dead();
    },
  });
  const posture = Object.assign(Object.create(services.posture) as typeof services.posture, { read: () => services.posture.read() });
  for (const method of ['isolate', 'moveRoutes', 'appliedBy'] as const) Object.assign(posture, { [method]: services.posture[method].bind(services.posture) });
  const door = openDoor({ catalogue, services: { ...services, posture }, log: deadLog, runs });
  const room = name === 'activate-backup' ? 'deployment' : 'security';
  void door.call({ room, name, input: {}, actor, runId, signal: new AbortController().signal }).catch(() => undefined);
  await reached.promise;
  return runId;
}

describe('after a crash', () => {
  test.each<[string, 'row' | 'intent' | 'effect' | 'done', readonly string[], boolean | null]>([
    ['activate-backup', 'row', [], null],
    ['activate-backup', 'intent', ['open', 'interrupted'], false],
    ['activate-backup', 'effect', ['open', 'ok'], true],
    ['activate-backup', 'done', ['open', 'ok'], null],
    ['emergency-isolation', 'row', ['open', 'ok'], true],
    ['emergency-isolation', 'done', ['open', 'ok'], null],
  ])('%s that died at its %s', async (name, stopAt, outcomes, applied) => {
    const runId = await crash(name, stopAt);
    const resolved = await resolve();
    expect(log.entries.filter((entry) => entry.id === runId).map((entry) => entry.outcome)).toEqual(outcomes);
    expect(await runs.openRuns()).toEqual([]);
    if (applied === null) {
      expect(resolved).toEqual([]);
      return;
    }
    const version = applied ? await services.posture.appliedBy(runId) : null;
    expect(resolved).toMatchObject([{ runId, appliedVersion: version }]);
    expect(log.entries.at(-1)).toMatchObject({ kind: 'operation.done', data: { appliedVersion: version } });
  });

  test('a second start finds nothing to do', async () => {
    await crash('activate-backup', 'intent');
    await resolve();
    const { length } = log.entries;
    expect(await resolve()).toEqual([]);
    expect(log.entries).toHaveLength(length);
  });

  test('the same run id does what was not done, and does not do again what was', async () => {
    const actor = personWith('admin');
    const runId = await crash('emergency-isolation', 'row', actor);
    await resolve();
    const before = await services.posture.read();
    const again = { room: 'security', name: 'emergency-isolation', input: {}, actor, runId, signal: new AbortController().signal };
    const report = await openDoor({ catalogue, services, log, runs }).call(again);
    expect(report.output).toMatchObject({ version: before.version, isolated: [{ target: 'primary' }, { target: 'other' }] });
    expect((await services.posture.read()).version).toBe(before.version);
  });

  test.each<[string, 'row' | 'effect' | 'done']>([
    ['activate-backup', 'effect'],
    ['activate-backup', 'done'],
    ['emergency-isolation', 'row'],
    ['emergency-isolation', 'done'],
  ])('%s that died at its %s and is repeated is answered with its result, which is recorded once', async (name, stopAt) => {
    const actor = personWith('admin');
    const runId = await crash(name, stopAt, actor);
    await resolve();
    const again = { room: name === 'activate-backup' ? 'deployment' : 'security', name, input: {}, actor, runId, signal: new AbortController().signal };
    const report = await openDoor({ catalogue, services, log, runs }).call(again);
    expect(report).toMatchObject({ verdict: 'ok', recorded: 'ledger', output: { version: await services.posture.appliedBy(runId) } });
    expect(report.plan.changes).not.toEqual([]);
    expect(log.entries.filter((entry) => entry.id === runId).map((entry) => entry.outcome)).toEqual(['open', 'ok']);
  });

  test('a record in the spool is the result: it is appended once and the row closed', async () => {
    log.fail();
    const door = openDoor({ catalogue, services, log, runs });
    runs.close = () => Promise.reject(new Error('the database is gone'));
    const report = await door.call({
      room: 'security',
      name: 'emergency-isolation',
      input: {},
      actor: personWith('admin'),
      signal: new AbortController().signal,
    });
    expect(report.recorded).toBe('spool');
    log.mend();
    const restarted = new MemoryOperationRuns();
    for (const [id, row] of runs.rows) restarted.rows.set(id, row);
    runs = restarted;
    await drainSpool(services.home.spool, log, log.recordedSince);
    expect(await resolve()).toEqual([]);
    expect(log.entries.map((entry) => entry.outcome)).toEqual(['open', 'ok']);
    expect(await runs.openRuns()).toEqual([]);
  });

  test.each<['row' | 'intent' | 'effect', boolean, string]>([
    ['row', false, 'interrupted'],
    ['intent', false, 'interrupted'],
    ['effect', true, 'ok'],
  ])('a run that another control plane had begun, up to its %s, gets an intent and a result here that name its log', async (stopAt, applied, outcome) => {
    const runId = await crash('activate-backup', stopAt);
    const ours = new MemoryLedger('control-b');
    runs.log = ours.name;
    const looked: number[] = [];
    const recordedSince: typeof ours.recordedSince = (id, from) => {
      looked.push(from);
      return ours.recordedSince(id, from);
    };
    await ours.append({ v: 1, kind: 'heartbeat', id: 'x', at: wallAt(), actor: 'system', action: '', target: '', outcome: 'ok', ref: null, data: {} });
    const resolved = await resolveOpenRuns({ runs, posture: services.posture, log: ours, recordedSince });
    const version = applied ? await services.posture.appliedBy(runId) : null;
    expect(resolved).toMatchObject([{ runId, appliedVersion: version }]);
    // From where nothing about it stands in our log, not from an index of the other one.
    expect(looked).toEqual([1]);
    expect(ours.entries.slice(1)).toMatchObject([
      { kind: 'operation.intent', id: runId, data: { begunIn: 'control' } },
      { kind: 'operation.done', id: runId, outcome, data: { begunIn: 'control', appliedVersion: version } },
    ]);
    expect(await runs.openRuns()).toEqual([]);
  });

  test('a crash while such a run is resolved does not record it twice', async () => {
    const runId = await crash('activate-backup', 'effect');
    const ours = new MemoryLedger('control-b');
    runs.log = ours.name;
    const parts = { runs, posture: services.posture, log: ours, recordedSince: ours.recordedSince };
    const close = runs.close.bind(runs);
    runs.close = () => Promise.reject(new Error('killed'));
    await expect(resolveOpenRuns(parts)).rejects.toThrow('killed');
    runs.close = close;
    await resolveOpenRuns(parts);
    expect(ours.entries.filter((entry) => entry.id === runId).map((entry) => entry.outcome)).toEqual(['open', 'ok']);
  });

  test('an old row of a run that never began is closed without an entry', async () => {
    await runs.open({
      runId: newId('run'),
      operation: 'governance issue-key',
      actor: 'per_x',
      ref: null,
      inputSha256: '',
      planSha256: '',
      logSize: 0,
      openedAt: wallAt(),
    });
    expect(await resolve()).toEqual([]);
    expect(log.entries).toEqual([]);
    expect(await runs.openRuns()).toEqual([]);
  });
});
