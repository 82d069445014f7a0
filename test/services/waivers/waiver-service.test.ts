import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../../../src/core/ids.ts';
import { waiverState } from '../../../src/services/waivers/service.ts';
import type { Waiver, WaiverService } from '../../../src/services/waivers/service.ts';
import { createWaiverService } from '../../../src/services/waivers/waiver-service.ts';
import { MemoryWaivers } from '../../fixtures/memory-waivers.ts';
import { migratedDatabase } from '../../store/migrated-database.ts';
import type { TestDatabase } from '../../store/migrated-database.ts';

let store: TestDatabase;
beforeAll(async () => {
  store = await migratedDatabase();
});
afterAll(async () => {
  await store.drop();
});

const KINDS: readonly (readonly [string, () => WaiverService])[] = [
  ['in the database', () => createWaiverService(store.database)],
  ['in memory', () => new MemoryWaivers()],
];

const DIGEST = 'a'.repeat(64);
const WORDS = {
  digest: DIGEST,
  rule: 'pickle-unknown-global',
  path: null,
  reason: 'reviewed',
  owner: 'team',
  until: '2100-01-01T00:00:00.000Z',
  createdBy: 'per_a',
} as const;

describe.each(KINDS)('%s', (_kind, open) => {
  let waivers: WaiverService;
  beforeAll(() => {
    waivers = open();
  });

  test('what is not there', async () => {
    expect(await waivers.find('wvr_none')).toBeUndefined();
    expect(await waivers.ofDigest('b'.repeat(64))).toEqual([]);
    await expect(waivers.revoke('wvr_none', { by: 'per_a', reason: 'x' })).rejects.toMatchObject({ code: 'NOT_FOUND', field: 'revoke' });
  });

  test('a run makes one waiver, however often', async () => {
    const runId = newId('run');
    const made = await waivers.waive({ ...WORDS, digest: 'c'.repeat(64), path: 'a.pt!archive/data.pkl' }, runId);
    expect(made).toMatchObject({ path: 'a.pt!archive/data.pkl', revoked: null, until: WORDS.until });
    expect(await waivers.waive({ ...WORDS, digest: 'd'.repeat(64) }, runId)).toEqual(made);
    expect(await waivers.find(made.id)).toEqual(made);
  });

  test('they belong to one digest and are listed with those that have ended', async () => {
    const made: Waiver[] = [];
    for (const rule of ['first-rule', 'second-rule']) made.push(await waivers.waive({ ...WORDS, rule }, newId('run')));
    expect(await waivers.ofDigest(DIGEST)).toEqual(made);
    expect((await waivers.list(2)).map(({ rule }) => rule)).toEqual(['second-rule', 'first-rule']);
  });

  test('one is revoked once, by one person', async () => {
    const { id } = await waivers.waive({ ...WORDS, digest: 'e'.repeat(64) }, newId('run'));
    const revoked = await waivers.revoke(id, { by: 'per_b', reason: 'mended' });
    expect(revoked.revoked).toMatchObject({ by: 'per_b', reason: 'mended' });
    expect(await waivers.revoke(id, { by: 'per_b', reason: 'again' })).toEqual(revoked);
    await expect(waivers.revoke(id, { by: 'per_c', reason: 'x' })).rejects.toMatchObject({ code: 'CONFLICT', field: 'revoke' });
    expect(await waivers.ofDigest('e'.repeat(64))).toEqual([revoked]);
  });
});

test('a waiver counts until its end, and until it is revoked', () => {
  const until = '2027-01-31T23:59:59.999Z';
  expect(waiverState({ until, revoked: null }, '2027-01-31T23:59:59.998Z')).toBe('active');
  expect(waiverState({ until, revoked: null }, until)).toBe('expired');
  expect(waiverState({ until, revoked: { at: '', by: '', reason: '' } }, '2026-01-01T00:00:00Z')).toBe('revoked');
});

test('the database refuses what is no digest, and an end before the beginning', async () => {
  const inDatabase = createWaiverService(store.database);
  await expect(inDatabase.waive({ ...WORDS, digest: 'A'.repeat(64) }, newId('run'))).rejects.toThrow();
  await expect(inDatabase.waive({ ...WORDS, until: '2020-01-01T00:00:00.000Z' }, newId('run'))).rejects.toThrow();
});
