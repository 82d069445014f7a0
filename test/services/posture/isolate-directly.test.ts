import { connect, createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isolateDirectly } from '../../../src/services/posture/isolate-directly.ts';
import { createPostureService } from '../../../src/services/posture/posture-service.ts';
import type { PostureService } from '../../../src/services/posture/service.ts';
import { migratedDatabase } from '../../store/migrated-database.ts';
import type { TestDatabase } from '../../store/migrated-database.ts';
import { author } from './author.ts';

let store: TestDatabase;
let posture: PostureService;

beforeAll(async () => {
  store = await migratedDatabase();
  posture = await createPostureService(store.database, { subjectMasterKey: Buffer.alloc(32), sessionPublicKey: 'a2V5' });
});
afterAll(async () => {
  await store.drop();
});

/** A relay to the test server that swallows every answer of the server once the client has sent a commit. */
async function deafAfterCommit(): Promise<{ server: Server; url: string }> {
  const target = new URL(store.url);
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    let committed = false;
    client.on('data', (bytes) => {
      committed ||= bytes.includes('commit');
      upstream.write(bytes);
    });
    upstream.on('data', (bytes) => {
      if (!committed) client.write(bytes);
    });
    const end = (): void => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) socket.on('error', end).on('close', end);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const url = new URL(store.url);
  url.port = String((server.address() as AddressInfo).port);
  return { server, url: url.href };
}

test('no server, a silent server and a lost answer to the commit all fail in time', async () => {
  const targets = [{ scope: 'model', target: 'lost' }] as const;
  const refused = isolateDirectly({ databaseUrl: 'postgres://u:p@127.0.0.1:1/none', targets, reason: 'r', author: author(), timeoutMs: 300 });
  await expect(refused).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
  const { server, url } = await deafAfterCommit();
  await expect(isolateDirectly({ databaseUrl: url, targets, reason: 'r', author: author(), timeoutMs: 3000 })).rejects.toMatchObject({
    code: 'DATABASE_UNAVAILABLE',
  });
  server.close();
  expect((await posture.read()).isolations).toMatchObject([{ target: 'lost' }]);
  await posture.lift(null, author());
});

test('a version row locked by somebody else fails in time and isolates nothing later', async () => {
  const blocker = new Client({ connectionString: store.url });
  await blocker.connect();
  await blocker.query('begin');
  await blocker.query('select from posture_version for update');
  const targets = [{ scope: 'all', target: null }] as const;
  const blocked = isolateDirectly({ databaseUrl: store.url, targets, reason: 'r', author: author(), timeoutMs: 1000 });
  await expect(blocked).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
  await blocker.query('rollback');
  await blocker.end();
  await posture.voidSessions(author());
  expect((await posture.read()).isolations).toEqual([]);
});

test('it isolates the upstreams that serve now, once, as the service does', async () => {
  const target = (upstream: string) => ({ upstream, model: 'm', weight: 1 });
  await posture.declare(
    {
      streamGraceMs: 0,
      upstreams: [],
      routes: [
        { model: 'a', targets: [target('one'), target('two')], backup: target('spare') },
        { model: 'b', targets: [target('two'), target('three')], backup: target('spare') },
        { model: 'c', targets: [target('four')], backup: null },
      ],
      passThrough: [],
    },
    author(),
  );
  await posture.moveRoutes(['b'], 'backup', author());
  const run = author();
  const options = { databaseUrl: store.url, targets: 'active-upstreams', reason: 'INC-1', author: run, timeoutMs: 10_000 } as const;
  const first = await isolateDirectly(options);
  expect(first.isolated.map(({ scope, target: name }) => `${scope} ${String(name)}`).sort()).toEqual([
    'upstream four',
    'upstream one',
    'upstream spare',
    'upstream two',
  ]);
  expect(await isolateDirectly(options)).toEqual(first);
  expect(await isolateDirectly({ ...options, author: author() })).toEqual({ version: first.version, changed: false, isolated: [] });
  expect(await posture.appliedBy(run.runId)).toBe(first.version);
  const { isolations, version } = await posture.read();
  expect(version).toBe(first.version);
  expect(isolations).toHaveLength(4);
  expect(isolations[0]).toMatchObject({ reason: 'INC-1', author: 'per_test' });
});
