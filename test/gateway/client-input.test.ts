import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { call, CHAT, codeOf, dataOf, startHarness, until } from './fixtures/harness.ts';
import type { Harness } from './fixtures/harness.ts';

let harness: Harness;
beforeEach(async () => {
  harness = await startHarness({ settings: { maxBodyBytes: 64 * 1024 } });
});
afterEach(async () => {
  await harness.close();
});

/** The same with little patience, for clients that are slow on purpose. */
async function impatient(): Promise<void> {
  await harness.close();
  harness = await startHarness({ settings: { headTimeoutMs: 300, requestTimeoutMs: 600 } });
}

/** Sends bytes as they are and reads until the connection ends. */
async function raw(...pieces: readonly (string | number)[]): Promise<string> {
  const socket = connect(Number(new URL(harness.url).port), '127.0.0.1');
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  socket.on('error', () => undefined);
  const closed = once(socket, 'close');
  await once(socket, 'connect');
  for (const piece of pieces) {
    if (typeof piece === 'number') await new Promise((resolve) => setTimeout(resolve, piece));
    else socket.write(piece);
  }
  await closed;
  return text;
}

function head(extra = ''): string {
  return `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${harness.key}\r\ncontent-type: application/json\r\n${extra}`;
}

describe('bodies', () => {
  test.each([
    ['not JSON', '{"model": "m", ', 'BODY_NOT_JSON', 400],
    ['an array', '[1]', 'BODY_NOT_JSON', 400],
    ['empty', '', 'BODY_NOT_JSON', 400],
    ['invalid UTF-8 outside a string', Buffer.from([0xff, 0xfe, 0x7b]), 'BODY_NOT_JSON', 400],
    ['no model', '{"messages":[]}', 'MODEL_MISSING', 400],
    ['a model that is not text', '{"model":7}', 'FIELD_INVALID', 400],
    ['two models', '{"model":"m","model":"x"}', 'FIELD_INVALID', 400],
    ['a stream flag that is not a flag', '{"model":"m","stream":"yes"}', 'FIELD_INVALID', 400],
    ['negative tokens', '{"model":"m","max_tokens":-1}', 'FIELD_INVALID', 400],
    ['an unknown model', '{"model":"nope"}', 'MODEL_UNKNOWN', 404],
    ['too large', `{"model":"m","pad":"${'x'.repeat(70_000)}"}`, 'BODY_TOO_LARGE', 413],
  ])('%s', async (_name, body, code, status) => {
    const reply = await call(harness, { body });
    expect([reply.status, codeOf(reply)]).toEqual([status, code]);
    const error = (JSON.parse(reply.text) as { error: { code: string; request_id: string } }).error;
    expect(error).toMatchObject({ code, request_id: reply.headers['x-request-id'] });
    expect(reply.headers['x-should-retry']).toBe('false');
    const entries = harness.log.of(error.request_id);
    expect(entries.map((entry) => [entry.kind, entry.outcome])).toEqual([['request.done', 'refused']]);
    expect(dataOf(entries[0])).toMatchObject({ status, code, attempts: [] });
    expect(harness.upstream.seen).toHaveLength(0);
  });

  test('too large without a declared length, and the connection is not reset before the answer', async () => {
    const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`;
    expect(await raw(head('transfer-encoding: chunked\r\n\r\n'), chunk, chunk, chunk, chunk, chunk, 20, chunk)).toContain('BODY_TOO_LARGE');
  });

  test.each([
    ['text/plain', {}],
    ['application/jsonx', {}],
    ['application/json', { 'content-encoding': 'gzip' }],
  ])('content type %s %j', async (type, headers) => {
    const reply = await call(harness, { headers: { 'content-type': type, ...headers } });
    expect([reply.status, codeOf(reply)]).toEqual([415, 'CONTENT_TYPE_UNSUPPORTED']);
  });

  test('a missing model is the single allowed one; a model that is not allowed is refused', async () => {
    const { text } = harness.posture.addKey({ models: ['m'] });
    const reply = await call(harness, { key: text, body: { messages: [] } });
    expect(reply.status).toBe(200);
    expect(JSON.parse(harness.upstream.seen[0]?.body ?? '')).toEqual({ model: 'served', messages: [] });
    expect(codeOf(await call(harness, { key: text, body: { ...CHAT, model: 'nope' } }))).toBe('MODEL_NOT_ALLOWED');
  });

  test('a body that stops is refused in time, on record', async () => {
    await impatient();
    const text = await raw(head('content-length: 100\r\n\r\n'), '{"model":');
    expect(text).toContain('408');
    expect(text).toContain('REQUEST_TIMEOUT');
    await until(() => harness.log.ofKind('request.done').length === 1);
    expect(dataOf(harness.log.ofKind('request.done')[0])).toMatchObject({ status: 408, code: 'REQUEST_TIMEOUT' });
  });

  test('a body whose chunks are broken is refused, on record', async () => {
    const text = await raw(head('transfer-encoding: chunked\r\n\r\n'), 'zz\r\n');
    expect(text).toContain('REQUEST_MALFORMED');
    await until(() => harness.log.ofKind('request.done').length === 1);
  });

  test('a client that leaves inside its body is on record as cancelled', async () => {
    const socket = connect(Number(new URL(harness.url).port), '127.0.0.1');
    await once(socket, 'connect');
    socket.write(head('content-length: 100\r\n\r\n{"model":'));
    await until(() => harness.worker.status().activeRequests === 1);
    socket.destroy();
    await until(() => harness.log.ofKind('request.done').length === 1);
    expect(harness.log.ofKind('request.done')[0]).toMatchObject({ outcome: 'cancelled' });
    expect(harness.worker.status().activeRequests).toBe(0);
  });
});

describe('keys', () => {
  test.each([
    ['missing', null, 'KEY_MISSING'],
    ['malformed', 'elk_short', 'KEY_MALFORMED'],
    ['of another kind', 'sk-abcdefghijklmnopqrstuvwxyz', 'KEY_MALFORMED'],
    ['unknown', `elk_${'a'.repeat(43)}`, 'KEY_UNKNOWN'],
    ['a token that nobody signed', 'aaaa.bbbb.cccc', 'SESSION_INVALID'],
  ])('%s', async (_name, key, code) => {
    const reply = await call(harness, { key });
    expect([reply.status, codeOf(reply)]).toEqual([401, code]);
    expect(reply.headers['x-request-id']).toMatch(/^req_/);
    expect(harness.log.of(String(reply.headers['x-request-id']))).toHaveLength(0);
  });

  test('revoked', async () => {
    harness.posture.revoke(harness.keyId);
    expect(codeOf(await call(harness))).toBe('KEY_REVOKED');
  });

  test('an expired session token', async () => {
    const issued = JSON.parse((await call(harness, { path: '/v1/sessions', body: { ttl_seconds: 1 } })).text) as { token: string };
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect(codeOf(await call(harness, { key: issued.token }))).toBe('SESSION_EXPIRED');
  });

  test('a session token of a key that was revoked, or of another installation', async () => {
    const issued = JSON.parse((await call(harness, { path: '/v1/sessions', body: {} })).text) as { token: string };
    expect((await call(harness, { key: issued.token })).status).toBe(200);
    harness.posture.revoke(harness.keyId);
    expect(codeOf(await call(harness, { key: issued.token }))).toBe('SESSION_REVOKED');
    harness.posture.patch({ installationId: 'ins_other' });
    expect(codeOf(await call(harness, { key: issued.token }))).toBe('SESSION_INVALID');
  });

  test.each([[{ ttl_seconds: 0 }], [{ ttl_seconds: 3_601 }], [{ ttl_seconds: '5' }], [[]]])('session for %j is refused', async (body) => {
    expect(codeOf(await call(harness, { path: '/v1/sessions', body }))).toBe('FIELD_INVALID');
    expect(harness.log.ofKind('session.issued')).toHaveLength(0);
  });

  test('refusals of strangers are summed, and no key is ever written down', async () => {
    const strange = `elk_${'s'.repeat(43)}`;
    for (let i = 0; i < 3; i++) await call(harness, { key: strange });
    await call(harness, { key: null });
    await until(() => harness.log.ofKind('refusals.summary').length > 0);
    const sums = harness.log.ofKind('refusals.summary').map(dataOf);
    expect(sums.reduce((sum, data) => sum + Number(data['KEY_UNKNOWN'] ?? 0), 0)).toBe(3);
    expect(JSON.stringify([harness.log.entries, harness.worker.metrics()])).not.toContain(strange);
  });
});

describe('HTTP', () => {
  test('headers that are too large', async () => {
    const text = await raw(head(`x-flood: ${'x'.repeat(20_000)}\r\n\r\n`));
    expect(text).toMatch(/^HTTP\/1.1 431 /);
    expect(text).toContain('HEADERS_TOO_LARGE');
  });

  test('too many headers', async () => {
    const flood = Array.from({ length: 120 }, (_, i) => `x-${String(i)}: 1\r\n`).join('');
    const text = await raw(head(`connection: close\r\n${flood}content-length: 2\r\n\r\n{}`));
    expect(text).toMatch(/^HTTP\/1.1 431 /);
  });

  test('a head that arrives too slowly', async () => {
    await impatient();
    const text = await raw('POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n', 100, 'x-a: 1\r\n');
    expect(text).toMatch(/^HTTP\/1.1 408 /);
    expect(text).toContain('REQUEST_TIMEOUT');
  });

  test.each([
    ['no HTTP at all', 'hello\r\n\r\n'],
    ['length and chunks', 'POST /v1/models HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['no host', 'GET /v1/models HTTP/1.1\r\nconnection: close\r\n\r\n'],
  ])('%s', async (_name, bytes) => {
    expect(await raw(bytes)).toMatch(/^HTTP\/1.1 400 /);
  });

  test.each(['/v1/../v1/models', '/v1//models', '/pass/../v1', '/pass/%2e%2e/x', '/pass%2fx', '/passage', 'http://other/v1/models'])(
    'path %s is not served',
    async (path) => {
      harness.posture.addPassThrough({ path: '/pass', upstream: 'a' });
      const text = await raw(`GET ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${harness.key}\r\nconnection: close\r\n\r\n`);
      expect(text).toMatch(/^HTTP\/1.1 404 /);
      expect(harness.upstream.seen).toHaveLength(0);
    },
  );

  test('the gateway still serves after all of it', async () => {
    await raw('\0\0\0');
    expect((await call(harness)).status).toBe(200);
  });
});
