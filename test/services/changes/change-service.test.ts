import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../../../src/core/ids.ts';
import { createChangeService } from '../../../src/services/changes/change-service.ts';
import { sharesSystem } from '../../../src/services/changes/rules.ts';
import type { ChangeRequest, ChangeService } from '../../../src/services/changes/service.ts';
import { MemoryChanges } from '../../fixtures/memory-changes.ts';
import { migratedDatabase } from '../../store/migrated-database.ts';
import type { TestDatabase } from '../../store/migrated-database.ts';

let store: TestDatabase;
beforeAll(async () => {
  store = await migratedDatabase();
});
afterAll(async () => {
  await store.drop();
});

const KINDS: readonly (readonly [string, () => ChangeService])[] = [
  ['in the database', () => createChangeService(store.database)],
  ['in memory', () => new MemoryChanges()],
];

const WORDS = {
  title: 'New weights',
  description: 'v2.1.0',
  risk: 'change',
  systems: ['route:demo'],
  operation: null,
  planSha256: null,
  changes: [],
  rollback: 'the old ones',
  requester: 'per_a',
} as const;

function submit(changes: ChangeService, given: Partial<ChangeRequest> = {}, runId: string = newId('run')): Promise<ChangeRequest> {
  return changes.submit({ ...WORDS, ...given }, runId);
}

async function approved(changes: ChangeService, given: Partial<ChangeRequest> = {}): Promise<string> {
  const { id } = await submit(changes, given);
  await changes.review(id, { by: 'per_b', decision: 'approved', note: '' });
  return id;
}

const hour = (day: number, at: number): string => new Date(Date.UTC(2027, 0, day, at)).toISOString();
const span = (day: number, from: number, to: number) => ({ by: 'per_a', startsAt: hour(day, from), endsAt: hour(day, to) });

describe.each(KINDS)('%s', (_kind, open) => {
  let changes: ChangeService;
  beforeAll(() => {
    changes = open();
  });

  test('what is not there', async () => {
    expect(await changes.find('chg_none')).toBeUndefined();
    await expect(changes.review('chg_none', { by: 'per_b', decision: 'approved', note: '' })).rejects.toMatchObject({ code: 'NOT_FOUND', field: 'change' });
    await expect(changes.schedule('chg_none', span(1, 0, 1))).rejects.toMatchObject({ code: 'NOT_FOUND', field: 'change' });
  });

  test('a run submits one change, however often', async () => {
    const runId = newId('run');
    const planned = { operation: 'deployment rollback', planSha256: 'aa', changes: ['serve the old one'] };
    const change = await submit(changes, planned, runId);
    expect(change).toMatchObject({ ...WORDS, ...planned, state: 'submitted', review: null, schedule: null, id: expect.stringMatching(/^chg_/) as string });
    expect(await submit(changes, planned, runId)).toEqual(change);
    expect(await changes.find(change.id)).toEqual(change);
    expect((await changes.list(1_000)).filter(({ id }) => id === change.id)).toEqual([change]);
  });

  test('a change is reviewed once; repeating the review changes nothing', async () => {
    const { id } = await submit(changes);
    const review = { by: 'per_b', decision: 'approved', note: 'looked at' } as const;
    const first = await changes.review(id, review);
    expect(first).toMatchObject({ state: 'approved', review });
    expect(await changes.review(id, review)).toEqual(first);
    for (const other of [{ by: 'per_c' }, { decision: 'declined' as const }, { note: 'changed my mind' }]) {
      await expect(changes.review(id, { ...review, ...other })).rejects.toMatchObject({
        code: 'CONFLICT',
        message: expect.stringContaining('approved by per_b') as string,
      });
    }
    expect(await changes.find(id)).toEqual(first);
  });

  test('of two reviews at once one counts', async () => {
    const { id } = await submit(changes);
    const results = await Promise.allSettled(
      (['approved', 'declined'] as const).map((decision) => changes.review(id, { by: `per_${decision}`, decision, note: '' })),
    );
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const won = results.find((result) => result.status === 'fulfilled');
    expect(await changes.find(id)).toEqual(won?.value);
  });

  test('what was not approved gets no time', async () => {
    const { id } = await submit(changes);
    await expect(changes.schedule(id, span(2, 0, 1))).rejects.toMatchObject({ code: 'CONFLICT' });
    await changes.review(id, { by: 'per_b', decision: 'declined', note: 'no' });
    await expect(changes.schedule(id, span(2, 0, 1))).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await changes.find(id)).toMatchObject({ state: 'declined', schedule: null });
  });

  test('a shared system and a shared time conflict; edges do not', async () => {
    const first = await approved(changes, { systems: ['route:demo', 'upstream:gpu'] });
    expect(await changes.schedule(first, span(3, 2, 4))).toMatchObject({ state: 'scheduled', schedule: span(3, 2, 4) });
    const second = await approved(changes, { systems: ['upstream:gpu'] });
    await expect(changes.schedule(second, span(3, 3, 5))).rejects.toMatchObject({
      code: 'CHANGE_CONFLICT',
      message: `${first} changes upstream:gpu from ${hour(3, 2)} to ${hour(3, 4)}; ${second} wants ${hour(3, 3)} to ${hour(3, 5)}`,
    });
    await expect(changes.schedule(second, span(3, 0, 23))).rejects.toMatchObject({ code: 'CHANGE_CONFLICT' });
    expect(await changes.find(second)).toMatchObject({ state: 'approved', schedule: null });
    await changes.schedule(second, span(3, 4, 5));
    await changes.schedule(await approved(changes, { systems: ['upstream:gpu'] }), span(3, 1, 2));
    await changes.schedule(await approved(changes, { systems: ['route:other'] }), span(3, 2, 4));
    const everything = await approved(changes, { systems: [] });
    await expect(changes.schedule(everything, span(3, 3, 4))).rejects.toMatchObject({ code: 'CHANGE_CONFLICT' });
    await changes.schedule(everything, span(3, 6, 7));
    await expect(changes.schedule(await approved(changes, { systems: ['route:else'] }), span(3, 6, 7))).rejects.toMatchObject({ code: 'CHANGE_CONFLICT' });
  });

  test('a new time takes the place of the old one', async () => {
    const id = await approved(changes, { systems: ['route:moved'] });
    await changes.schedule(id, span(4, 1, 3));
    await changes.schedule(id, span(4, 2, 4));
    expect(await changes.overlapping(hour(4, 1), hour(4, 2), ['route:moved'])).toEqual([]);
    expect(await changes.overlapping(hour(4, 3), hour(4, 5), ['route:moved'])).toMatchObject([{ id, schedule: span(4, 2, 4) }]);
    expect(await changes.overlapping(hour(4, 3), hour(4, 5), ['route:still'])).toEqual([]);
    await changes.schedule(await approved(changes, { systems: ['route:moved'] }), span(4, 1, 2));
  });

  test('two that want the same time at once: one gets it', async () => {
    for (let round = 0; round < 10; round++) {
      const ids = await Promise.all([approved(changes, { systems: ['route:raced'] }), approved(changes, { systems: ['route:raced'] })]);
      const results = await Promise.allSettled(ids.map((id, at) => changes.schedule(id, span(5 + round, at, at + 2))));
      expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      expect(await changes.overlapping(hour(5 + round, 0), hour(5 + round, 4), ['route:raced'])).toHaveLength(1);
    }
  });

  test('newest first', async () => {
    const older = await submit(changes);
    const newer = await submit(changes);
    expect((await changes.list(2)).map(({ id }) => id).sort()).toEqual([older.id, newer.id].sort());
    expect(await changes.list(1)).toHaveLength(1);
  });
});

test('without systems a change shares everything', () => {
  expect(sharesSystem([], ['a'])).toBe(true);
  expect(sharesSystem(['a'], [])).toBe(true);
  expect(sharesSystem(['a', 'b'], ['b'])).toBe(true);
  expect(sharesSystem(['a'], ['b'])).toBe(false);
});
