import { afterEach, expect, test } from 'vitest';
import { begin, call, CHAT, codeOf, dataOf, eventsOf, readAll, startHarness, until } from './fixtures/harness.ts';
import type { Harness } from './fixtures/harness.ts';
import { chunk, DONE, stream, USAGE_CHUNK } from './fixtures/scripted-upstream.ts';

let harness: Harness | undefined;
afterEach(async () => {
  await harness?.close();
  harness = undefined;
});

test('a plain answer passes, renamed model and all, with one entry that is complete', async () => {
  harness = await startHarness();
  const reply = await call(harness, { headers: { 'x-request-id': 'mine-1' }, body: { ...CHAT, user: 'alice' } });
  expect(reply.status).toBe(200);
  expect(JSON.parse(reply.text)).toMatchObject({ choices: [{ message: { content: 'hello' } }] });
  const id = String(reply.headers['x-request-id']);
  expect(id).toMatch(/^req_/);
  const [seen] = harness.upstream.seen;
  expect(JSON.parse(seen?.body ?? '')).toEqual({ ...CHAT, user: 'alice', model: 'served' });
  expect(seen?.headers.authorization).toBeUndefined();
  expect(seen?.headers['accept-encoding']).toBe('identity');
  expect(seen?.headers['x-request-id']).toBe(id);
  const entries = harness.log.of(id);
  expect(entries.map((entry) => [entry.kind, entry.outcome, entry.actor])).toEqual([['request.done', 'ok', harness.keyId]]);
  expect(dataOf(entries[0])).toMatchObject({
    status: 200,
    upstream: 'a',
    promptTokens: 7,
    completionTokens: 3,
    tokensExact: true,
    finish: 'stop',
    clientRequestId: 'mine-1',
    model: 'm',
  });
  expect(JSON.stringify(harness.log.entries)).not.toContain(harness.key);
  expect(JSON.stringify(harness.log.entries)).not.toContain('alice');
});

test('a stream passes event by event; the usage that only the gateway asked for stays out of it', async () => {
  harness = await startHarness({ script: stream([chunk('a'), chunk('b'), chunk('', 'stop'), USAGE_CHUNK, DONE]) });
  const reply = await call(harness, { body: { ...CHAT, stream: true } });
  expect(reply.status).toBe(200);
  expect(reply.headers['content-type']).toBe('text/event-stream');
  expect(reply.text).toBe(chunk('a') + chunk('b') + chunk('', 'stop') + DONE);
  expect(JSON.parse(harness.upstream.seen[0]?.body ?? '')).toMatchObject({ model: 'served', stream_options: { include_usage: true } });
  const { log } = harness;
  await until(() => log.ofKind('request.close').length === 1);
  const entries = log.of(String(reply.headers['x-request-id']));
  expect(entries.map((entry) => [entry.kind, entry.outcome])).toEqual([
    ['request.open', 'open'],
    ['request.close', 'ok'],
  ]);
  expect(dataOf(entries[1])).toMatchObject({ completionTokens: 3, promptTokens: 7, tokensExact: true, finish: 'stop', responseBytes: reply.text.length });
});

test('a client that asks for usage gets it', async () => {
  harness = await startHarness({ script: stream([chunk('a'), chunk('', 'stop'), USAGE_CHUNK, DONE]) });
  const reply = await call(harness, { body: { ...CHAT, stream: true, stream_options: { include_usage: true } } });
  expect(eventsOf(reply.text)).toHaveLength(4);
  expect(reply.text).toContain('"usage"');
});

test('models are listed for the key, health is open, everything else is unknown', async () => {
  harness = await startHarness();
  const limited = harness.posture.addKey({ models: ['other'] });
  expect(JSON.parse((await call(harness, { method: 'GET', path: '/v1/models' })).text)).toMatchObject({ data: [{ id: 'm' }] });
  expect(JSON.parse((await call(harness, { method: 'GET', path: '/v1/models', key: limited.text })).text)).toMatchObject({ data: [] });
  expect((await call(harness, { method: 'GET', path: '/v1/models/m' })).status).toBe(200);
  expect(codeOf(await call(harness, { method: 'GET', path: '/v1/models/x' }))).toBe('MODEL_UNKNOWN');
  expect((await call(harness, { method: 'GET', path: '/health', key: null })).status).toBe(200);
  expect(codeOf(await call(harness, { path: '/v1/other' }))).toBe('ROUTE_UNKNOWN');
  expect(codeOf(await call(harness, { method: 'GET' }))).toBe('METHOD_NOT_ALLOWED');
});

test('a session token stands for its key until its generation is raised', async () => {
  harness = await startHarness();
  const issued = await readAll(await begin(harness, { path: '/v1/sessions', body: { ttl_seconds: 60 } }));
  expect(issued.status).toBe(201);
  const session = JSON.parse(issued.text) as { id: string; token: string; expires_at: string };
  expect(harness.log.of(session.id).map((entry) => entry.kind)).toEqual(['session.issued']);
  const reply = await call(harness, { key: session.token });
  expect(reply.status).toBe(200);
  expect(harness.log.of(String(reply.headers['x-request-id']))[0]?.actor).toBe(session.id);
  expect(codeOf(await call(harness, { path: '/v1/sessions', key: session.token, body: {} }))).toBe('KEY_MISSING');
  harness.posture.voidSessions();
  expect(codeOf(await call(harness, { key: session.token }))).toBe('SESSION_REVOKED');
  expect((await call(harness)).status).toBe(200);
  expect(JSON.stringify(harness.log.entries)).not.toContain(session.token);
});
