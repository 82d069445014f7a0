import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { indexedSize, insertLedgerIndex, searchLedgerIndex } from '../../src/store/ledger-index-rows.ts';
import type { LedgerIndexRow } from '../../src/store/ledger-index-rows.ts';
import { findLogHead, saveCosignedHead, selectLogHeads, setLogRefused } from '../../src/store/log-head-rows.ts';
import { adoptRun, closeRun, findRun, keepReport, openRun, selectOpenRuns } from '../../src/store/operation-run-rows.ts';
import { migratedDatabase } from './migrated-database.ts';
import type { TestDatabase } from './migrated-database.ts';

let store: TestDatabase;
beforeAll(async () => {
  store = await migratedDatabase();
});
afterAll(async () => {
  await store.drop();
});

const AT = '2026-01-02T03:04:05.060Z';

function entry(index: number, fields: Partial<LedgerIndexRow> = {}): LedgerIndexRow {
  const at = new Date(Date.parse(AT) + index * 1000).toISOString();
  return {
    log: 'gw-0',
    index,
    at,
    actor: 'key_a',
    kind: 'request.done',
    key: 'key_a',
    model: 'chat',
    requestId: `req_${String(index)}`,
    data: null,
    ...fields,
  };
}

describe('operation runs', () => {
  const run = {
    id: 'run_1',
    operation: 'security emergency-isolation',
    actor: 'per_1',
    ref: null,
    inputSha256: 'aa',
    planSha256: 'bb',
    logSize: 7,
    openedAt: AT,
    log: 'control',
  };

  test('a run is open until it is closed, and may be opened again', async () => {
    expect(await findRun(store.database, 'run_1')).toBeUndefined();
    await openRun(store.database, run);
    await openRun(store.database, { ...run, id: 'run_0', openedAt: '2025-01-02T03:04:05.060Z' });
    expect((await selectOpenRuns(store.database)).map(({ id }) => id)).toEqual(['run_0', 'run_1']);
    await keepReport(store.database, 'run_1', { version: 2 });
    expect(await findRun(store.database, 'run_1')).toMatchObject({ outcome: null, report: { version: 2 } });
    await closeRun(store.database, 'run_1', 'ok', { version: 3 });
    await keepReport(store.database, 'run_1', { version: 4 });
    expect((await selectOpenRuns(store.database)).map(({ id }) => id)).toEqual(['run_0']);
    expect(await findRun(store.database, 'run_1')).toEqual({ ...run, begunIn: null, outcome: 'ok', report: { version: 3 } });
    await openRun(store.database, { ...run, actor: 'per_2' });
    expect(await findRun(store.database, 'run_1')).toEqual({ ...run, begunIn: null, actor: 'per_2', outcome: null, report: null });
  });

  test('what PostgreSQL does not take in a report keeps no run open', async () => {
    await closeRun(store.database, 'run_0', 'ok', { text: 'a\0b\ud800c', list: ['\0'] });
    expect((await findRun(store.database, 'run_0'))?.report).toEqual({ text: 'a\ufffdb\ufffdc', list: ['\ufffd'] });
  });

  test('a run that is recorded in another log from now on keeps the name of the first', async () => {
    await adoptRun(store.database, 'run_1', 'control-b', 3);
    await adoptRun(store.database, 'run_1', 'control-c', 9);
    expect(await findRun(store.database, 'run_1')).toMatchObject({ log: 'control-c', logSize: 9, begunIn: 'control' });
    await openRun(store.database, { ...run, log: 'control-c', logSize: 11 });
    expect(await findRun(store.database, 'run_1')).toMatchObject({ log: 'control-c', logSize: 11, begunIn: 'control' });
  });
});

describe('log heads', () => {
  const head = { log: 'gw-0', size: 5, root: 'cm9vdA==', vkey: 'key', cosignedAt: AT, note: 'note' };

  test('a head grows and never goes back or forks', async () => {
    expect(await saveCosignedHead(store.database, head)).toBe(true);
    expect(await saveCosignedHead(store.database, head)).toBe(true);
    expect(await saveCosignedHead(store.database, { ...head, root: 'Zm9yaw==' })).toBe(false);
    expect(await saveCosignedHead(store.database, { ...head, size: 4 })).toBe(false);
    expect(await saveCosignedHead(store.database, { ...head, size: 2 ** 40 })).toBe(true);
    expect(await findLogHead(store.database, 'gw-0')).toEqual({ ...head, size: 2 ** 40, refused: false });
    expect(await findLogHead(store.database, 'gw-9')).toBeUndefined();
    expect(await selectLogHeads(store.database)).toHaveLength(1);
  });

  test('refusing a log is a change of the posture, once, and stops its head', async () => {
    const version = async (): Promise<unknown> => {
      const { rows } = await store.database.run(({ connection }) => connection.query({ text: 'select version from posture_version' }));
      return rows[0];
    };
    expect(await setLogRefused(store.database, 'gw-0', true, 'system')).toBe(true);
    const refused = await version();
    expect(await setLogRefused(store.database, 'gw-0', true, 'system')).toBe(false);
    expect(await setLogRefused(store.database, 'gw-9', true, 'system')).toBe(false);
    expect(await version()).toEqual(refused);
    expect(await saveCosignedHead(store.database, { ...head, size: 2 ** 41 })).toBe(false);
    expect(await setLogRefused(store.database, 'gw-0', false, 'per_1')).toBe(true);
    expect(await saveCosignedHead(store.database, { ...head, size: 2 ** 41 })).toBe(true);
  });
});

describe('ledger index', () => {
  test('nothing, many, the same again, and what may not carry data', async () => {
    await insertLedgerIndex(store.database, []);
    expect(await indexedSize(store.database, 'gw-0')).toBe(0);
    const rows = Array.from({ length: 5000 }, (_, i) => entry(i, { key: i % 2 === 0 ? 'key_a' : null, model: i % 3 === 0 ? null : 'chat' }));
    await insertLedgerIndex(store.database, rows);
    await insertLedgerIndex(
      store.database,
      rows.slice(4000).map((row) => ({ ...row, actor: 'changed' })),
    );
    expect(await indexedSize(store.database, 'gw-0')).toBe(5000);
    await expect(insertLedgerIndex(store.database, [entry(6000, { data: {} })])).rejects.toMatchObject({ code: 'INTERNAL' });
    const session = entry(0, { log: 'gw-1', kind: 'session.issued', data: { keyId: 'key_a', text: 'with "quotes", {braces} and \\ back' } });
    await insertLedgerIndex(store.database, [session]);
    expect(await searchLedgerIndex(store.database, { log: 'gw-1', limit: 10 })).toEqual([session]);
  });

  test('search by request, key, kind and time, newest first', async () => {
    const search = async (query: Omit<Parameters<typeof searchLedgerIndex>[1], 'limit'>, limit = 3): Promise<number[]> =>
      (await searchLedgerIndex(store.database, { ...query, limit })).map(({ index }) => index);
    expect(await searchLedgerIndex(store.database, { requestId: 'req_17', limit: 10 })).toEqual([entry(17, { key: null, model: 'chat' })]);
    expect(await search({ log: 'gw-0' })).toEqual([4999, 4998, 4997]);
    expect(await search({ key: 'key_a', log: 'gw-0' })).toEqual([4998, 4996, 4994]);
    expect(await search({ kind: 'session.issued' })).toEqual([0]);
    expect(await search({ from: entry(10).at, to: entry(12).at }, 10)).toEqual([11, 10]);
    expect(await search({ requestId: 'req_unknown' })).toEqual([]);
  });

  test('a model name that PostgreSQL does not take stops nothing', async () => {
    await insertLedgerIndex(store.database, [entry(0, { log: 'gw-odd', model: 'a\0b', kind: 'session.issued', data: { note: '\ud800' } })]);
    expect(await searchLedgerIndex(store.database, { log: 'gw-odd', limit: 1 })).toMatchObject([{ model: 'a\ufffdb', data: { note: '\ufffd' } }]);
  });
});
