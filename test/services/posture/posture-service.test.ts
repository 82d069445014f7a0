import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createPostureService } from '../../../src/services/posture/posture-service.ts';
import type { DeclaredRouting, NewKey, PostureService } from '../../../src/services/posture/service.ts';
import { unwrapSubjectKey } from '../../../src/vault/subject-key.ts';
import { migratedDatabase } from '../../store/migrated-database.ts';
import type { TestDatabase } from '../../store/migrated-database.ts';
import { author } from './author.ts';

const MASTER = Buffer.alloc(32, 7);
const OPTIONS = { subjectMasterKey: MASTER, sessionPublicKey: 'c2Vzc2lvbg==' };
const UNLIMITED = { concurrency: null, requestsPerMinute: null, tokensPerMinute: null };
const KEY: NewKey = { name: 'demo', subject: 'sub_demo', models: null, limits: UNLIMITED };
const TARGET = { upstream: 'primary', model: 'm', weight: 1 };
const BACKUP = { upstream: 'backup', model: 'm', weight: 1 };
const ROUTING: DeclaredRouting = {
  streamGraceMs: 0,
  upstreams: [
    { name: 'primary', url: 'http://127.0.0.1:1', engine: 'embedded', tokenFile: null },
    { name: 'backup', url: 'http://127.0.0.1:2', engine: 'vllm', tokenFile: '/token' },
  ],
  routes: [
    { model: 'chat', targets: [TARGET], backup: BACKUP },
    { model: 'bare', targets: [TARGET], backup: null },
  ],
  passThrough: [{ path: '/extra', upstream: 'primary' }],
};

let store: TestDatabase;
let posture: PostureService;

beforeAll(async () => {
  store = await migratedDatabase();
});
afterAll(async () => {
  await store.drop();
});
beforeEach(async () => {
  posture = await createPostureService(store.database, OPTIONS);
  await posture.lift(null, author());
});

async function version(): Promise<number> {
  return (await posture.read()).version;
}

describe('bad input', () => {
  test('revoking an unknown key names it and changes nothing', async () => {
    const before = await version();
    const { key } = await posture.issueKey(KEY, author());
    await expect(posture.revokeKeys([key.id, 'key_unknown'], author())).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('key_unknown') as string,
    });
    expect(await version()).toBe(before + 1);
    expect((await posture.read()).keys.get(key.sha256)?.revokedAt).toBeNull();
  });

  test('moving an unknown route or one without a backup', async () => {
    await posture.declare(ROUTING, author());
    await expect(posture.moveRoutes(['chat', 'nothing'], 'backup', author())).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(posture.moveRoutes(['chat', 'bare'], 'backup', author())).rejects.toMatchObject({ code: 'CONFLICT' });
    expect((await posture.read()).routes.map(({ active }) => active)).toEqual(['primary', 'primary']);
  });

  test('a closed database gives DATABASE_UNAVAILABLE', async () => {
    const other = await migratedDatabase();
    const service = await createPostureService(other.database, OPTIONS);
    await other.drop();
    await expect(service.read()).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
    await expect(service.isolate([{ scope: 'all', target: null }], 'r', author())).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
  });
});

describe('isolation', () => {
  test('isolating twice is one change; lifting is exact', async () => {
    const targets = [
      { scope: 'all', target: null },
      { scope: 'model', target: 'chat' },
      { scope: 'upstream', target: 'chat' },
    ] as const;
    const first = await posture.isolate(targets, 'INC-7', author());
    const second = await posture.isolate(targets, 'again', author());
    expect(second).toEqual({ version: first.version, changed: false });
    const lifted = await posture.lift(
      [
        { scope: 'model', target: 'chat' },
        { scope: 'key', target: 'chat' },
      ],
      author(),
    );
    expect(lifted.lifted).toMatchObject([{ scope: 'model', target: 'chat', reason: 'INC-7', author: 'per_test' }]);
    const { isolations } = await posture.read();
    expect(isolations.map(({ scope, target }) => [scope, target])).toEqual([
      ['all', null],
      ['upstream', 'chat'],
    ]);
    expect(isolations[0]?.at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect((await posture.lift(null, author())).lifted).toHaveLength(2);
    expect(await posture.lift(null, author())).toMatchObject({ changed: false, lifted: [] });
  });

  test('a run applies its change once, even after it was taken back', async () => {
    const run = author();
    const first = await posture.isolate([{ scope: 'all', target: null }], 'r', run);
    await posture.lift(null, author());
    expect(await posture.isolate([{ scope: 'all', target: null }], 'r', run)).toEqual({ version: first.version, changed: true });
    expect((await posture.read()).isolations).toEqual([]);
    expect(await posture.appliedBy(run.runId)).toBe(first.version);
    expect(await posture.appliedBy('run_unknown')).toBeUndefined();
  });

  test('one run may make changes of two kinds', async () => {
    const run = author();
    await posture.isolate([{ scope: 'all', target: null }], 'r', run);
    const lifted = await posture.lift(null, run);
    expect(lifted.lifted).toHaveLength(1);
    expect(await posture.appliedBy(run.runId)).toBe(lifted.version);
    expect(await posture.lift(null, run)).toEqual(lifted);
  });

  test('50 at the same time: every version is given once, every target is isolated', async () => {
    const before = await version();
    const names = Array.from({ length: 50 }, (_, i) => `model-${String(i)}`);
    const results = await Promise.all(names.map((target) => posture.isolate([{ scope: 'model', target }], 'r', author())));
    expect(new Set(results.map((result) => result.version)).size).toBe(50);
    expect(await version()).toBe(before + 50);
    expect((await posture.read()).isolations).toHaveLength(50);
  });

  test('50 times the same target and 50 times the same run', async () => {
    const before = await version();
    const run = author();
    const calls = Array.from({ length: 50 }, (_, i) => posture.isolate([{ scope: 'all', target: null }], 'r', i % 2 === 0 ? run : author()));
    await Promise.all(calls);
    expect(await version()).toBe(before + 1);
  });
});

describe('keys and sessions', () => {
  test('a key is shown once, stored as a hash, with a subject key that opens', async () => {
    const limits = { concurrency: 2, requestsPerMinute: 3, tokensPerMinute: 4 };
    const { key, text, changed } = await posture.issueKey({ ...KEY, models: ['chat'], limits }, author());
    expect(changed).toBe(true);
    expect(text).toMatch(/^elk_[A-Za-z0-9_-]{43}$/);
    const snapshot = await posture.read();
    expect(snapshot.keys.get(createHash('sha256').update(text).digest('hex'))).toEqual(key);
    expect(key).toMatchObject({ models: ['chat'], limits, generation: 1, revokedAt: null });
    const wrapped = snapshot.subjects.get(KEY.subject)?.wrappedKey ?? '';
    expect(unwrapSubjectKey(MASTER, wrapped, KEY.subject)).toHaveLength(32);
    await posture.issueKey(KEY, author());
    expect((await posture.read()).subjects.get(KEY.subject)?.wrappedKey).toBe(wrapped);
    const stored = await store.database.run(({ connection }) =>
      connection.query({ text: 'select string_agg(k::text, $1) as all from api_key k', values: ['|'] }),
    );
    expect(JSON.stringify(stored.rows)).not.toContain(text);
  });

  test('the same run does not issue twice', async () => {
    const run = author();
    const { key } = await posture.issueKey(KEY, run);
    await expect(posture.issueKey(KEY, run)).rejects.toMatchObject({ code: 'CONFLICT', message: expect.stringContaining(key.id) as string });
  });

  test('revoking raises the generation once; revoking all takes the rest', async () => {
    const [a, b] = [await posture.issueKey(KEY, author()), await posture.issueKey(KEY, author())];
    expect(await posture.revokeKeys([a.key.id], author())).toMatchObject({ changed: true, revoked: [a.key.id] });
    expect(await posture.revokeKeys([a.key.id], author())).toMatchObject({ changed: false, revoked: [] });
    const all = await posture.revokeKeys(null, author());
    expect(all.revoked).toContain(b.key.id);
    expect(all.revoked).not.toContain(a.key.id);
    const { keys } = await posture.read();
    expect(keys.get(a.key.sha256)).toMatchObject({ generation: 2, revokedAt: expect.stringMatching(/Z$/) as string });
    expect([...keys.values()].every(({ revokedAt }) => revokedAt !== null)).toBe(true);
    expect(await posture.revokeKeys(null, author())).toMatchObject({ changed: false, revoked: [] });
  });

  test('keys and subjects cannot be removed behind the back of the feeds', async () => {
    for (const text of ['delete from api_key', 'delete from subject', 'truncate api_key cascade']) {
      await expect(store.database.transaction(({ connection }) => connection.query({ text }))).rejects.toMatchObject({
        code: 'INTERNAL',
        message: expect.stringContaining('never removed') as string,
      });
    }
  });

  test('voiding sessions raises the generation; the same run once', async () => {
    const run = author();
    const before = (await posture.read()).sessionGeneration;
    expect(await posture.voidSessions(run)).toMatchObject({ generation: before + 1 });
    expect(await posture.voidSessions(run)).toMatchObject({ generation: before + 1 });
    expect((await posture.read()).sessionGeneration).toBe(before + 1);
  });

  test('many keys of many subjects at the same time', async () => {
    const issued = await Promise.all(Array.from({ length: 100 }, (_, i) => posture.issueKey({ ...KEY, subject: `sub_${String(i % 10)}` }, author())));
    const { keys } = await posture.read();
    expect(issued.every(({ key }) => keys.has(key.sha256))).toBe(true);
  });
});

describe('routing', () => {
  test('declaring the same is no change; the active side stays; what is gone is removed', async () => {
    await posture.declare({ ...ROUTING, streamGraceMs: 5 }, author());
    await posture.declare(ROUTING, author());
    expect(await posture.declare({ ...ROUTING, upstreams: ROUTING.upstreams.toReversed() }, author())).toMatchObject({ changed: false });
    expect(await posture.moveRoutes(['chat'], 'backup', author())).toMatchObject({ moved: ['chat'], changed: true });
    expect(await posture.moveRoutes(['chat'], 'backup', author())).toMatchObject({ moved: [], changed: false });
    await posture.declare({ ...ROUTING, routes: ROUTING.routes.slice(0, 1), passThrough: [] }, author());
    const snapshot = await posture.read();
    expect(snapshot.routes).toEqual([{ ...ROUTING.routes[0], active: 'backup' }]);
    expect(snapshot.upstreams).toEqual(ROUTING.upstreams.toReversed());
    expect(snapshot.passThrough).toEqual([]);
  });

  test('a route that serves its backup cannot lose it silently', async () => {
    await posture.declare(ROUTING, author());
    await posture.moveRoutes(['chat'], 'backup', author());
    const without = { ...ROUTING, routes: [{ model: 'chat', targets: [TARGET], backup: null }] };
    await expect(posture.declare(without, author())).rejects.toMatchObject({ code: 'CONFIG_INVALID', field: 'routes.chat.backup' });
    await posture.moveRoutes(['chat'], 'primary', author());
    expect(await posture.declare(without, author())).toMatchObject({ changed: true });
  });
});

describe('the installation', () => {
  test('is made once and keeps its id; another session key takes the place of the old one', async () => {
    const before = await posture.read();
    const again = await createPostureService(store.database, OPTIONS);
    expect(await again.read()).toMatchObject({ installationId: before.installationId, version: before.version });
    const other = await (await createPostureService(store.database, { ...OPTIONS, sessionPublicKey: 'b3RoZXI=' })).read();
    expect(other).toMatchObject({ installationId: before.installationId, version: before.version + 1, sessionKey: 'b3RoZXI=' });
  });
});
