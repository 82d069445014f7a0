import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LOCAL_TOKEN, startApi } from './control-api-fixture.ts';
import type { RunningApi } from './control-api-fixture.ts';

const ISOLATE = '/v1/operations/security/emergency-isolation';
let running: RunningApi;
let admin: string;

beforeAll(async () => {
  running = await startApi();
  admin = await running.personToken('admin');
});

afterAll(async () => {
  await running.stop();
});

/** Sends bytes as they are and gives everything that comes back until the server closes. */
function sendRaw(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(running.api.port, '127.0.0.1');
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => (text += chunk));
    socket.on('close', () => {
      resolve(text);
    });
    // The server may close before it has read everything.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNRESET' || error.code === 'EPIPE') resolve(text);
      else reject(error);
    });
    socket.write(bytes);
  });
}

describe('bodies', () => {
  test.each<[string, string | object, Record<string, string>, number, string]>([
    ['no JSON', '{"all": tru', {}, 400, 'BODY_NOT_JSON'],
    ['empty', '', { 'content-type': 'application/json' }, 400, 'BODY_NOT_JSON'],
    ['another type', 'all=true', { 'content-type': 'application/x-www-form-urlencoded' }, 415, 'CONTENT_TYPE_UNSUPPORTED'],
    ['text', '{"all":true}', { 'content-type': 'text/plain' }, 415, 'CONTENT_TYPE_UNSUPPORTED'],
    ['2 MiB', JSON.stringify({ reason: 'x'.repeat(2 * 1024 * 1024) }), {}, 413, 'BODY_TOO_LARGE'],
    ['a poisoned prototype', '{"__proto__":{"all":true}}', {}, 400, 'BODY_NOT_JSON'],
    ['a list', '[]', {}, 400, 'FIELD_INVALID'],
    ['a string', '"all"', {}, 400, 'FIELD_INVALID'],
    ['deep nesting', `${'['.repeat(50_000)}${']'.repeat(50_000)}`, {}, 400, 'FIELD_INVALID'],
    ['an unknown field', { everything: true }, {}, 400, 'FIELD_INVALID'],
    ['a wrong type', { all: 'yes' }, {}, 400, 'FIELD_INVALID'],
    ['a field too long', { reason: 'x'.repeat(501) }, {}, 400, 'FIELD_INVALID'],
  ])('%s', async (_what, body, headers, status, code) => {
    const answer = await running.send('POST', ISOLATE, { token: admin, body, headers });
    expect(answer.status).toBe(status);
    expect(answer.json).toMatchObject({ code, status, error: { code } });
    expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect((await running.services.posture.read()).isolations).toEqual([]);
  });

  test('the field at fault is named', async () => {
    const { json } = await running.send('POST', ISOLATE, { token: admin, body: { all: 'yes' } });
    expect(json).toMatchObject({ field: 'all', detail: expect.stringMatching(/^all: /) as string });
  });
});

describe('paths and queries', () => {
  test.each<[string, string, number, string]>([
    ['an unknown operation', '/v1/operations/security/none', 404, 'OPERATION_UNKNOWN'],
    ['an unknown room', '/v1/operations/attic/emergency-isolation', 404, 'OPERATION_UNKNOWN'],
    ['a name of every object', '/v1/operations/security/__proto__', 404, 'OPERATION_UNKNOWN'],
    ['another path', '/v1/nothing', 404, 'NOT_FOUND'],
    ['a path upwards', '/v1/operations/security/..%2f..%2fetc%2fpasswd', 404, 'OPERATION_UNKNOWN'],
    ['a broken escape', '/v1/operations/security/%zz', 400, 'REQUEST_MALFORMED'],
    ['a very long name', `/v1/operations/security/${'x'.repeat(5000)}`, 404, 'NOT_FOUND'],
    ['a misspelled dry run', `${ISOLATE}?dryrun=true`, 400, 'FIELD_INVALID'],
    ['a dry run of maybe', `${ISOLATE}?dry-run=maybe`, 400, 'FIELD_INVALID'],
    ['two dry runs', `${ISOLATE}?dry-run=true&dry-run=false`, 400, 'FIELD_INVALID'],
  ])('%s', async (_what, path, status, code) => {
    const answer = await running.send('POST', path, { token: admin, body: {} });
    expect(answer.status).toBe(status);
    expect(answer.json).toMatchObject({ code });
    expect((await running.services.posture.read()).isolations).toEqual([]);
  });

  test('a run id that is none', async () => {
    const answer = await running.send('POST', ISOLATE, { token: admin, body: {}, headers: { 'x-run-id': '../x' } });
    expect(answer.json).toMatchObject({ code: 'FIELD_INVALID', field: 'runId' });
  });

  test('another method', async () => {
    expect((await running.send('GET', ISOLATE, { token: admin })).json).toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('tokens', () => {
  test.each<[string, Record<string, string>]>([
    ['none', {}],
    ['an empty one', { authorization: 'Bearer ' }],
    ['another scheme', { authorization: `Basic ${Buffer.from('admin:admin').toString('base64')}` }],
    ['a wrong local token', { authorization: `Bearer ${LOCAL_TOKEN}x` }],
    ['the beginning of the local token', { authorization: `Bearer ${LOCAL_TOKEN.slice(0, -1)}` }],
    ['a wrong person token', { authorization: `Bearer elp_${'A'.repeat(43)}` }],
    ['a huge one', { authorization: `Bearer ${'A'.repeat(6000)}` }],
    ['two in one', { authorization: `Bearer ${LOCAL_TOKEN} ${LOCAL_TOKEN}` }],
  ])('%s: 401 on everything that needs one, and it is not repeated', async (_what, headers) => {
    for (const [method, path] of [
      ['POST', ISOLATE],
      ['GET', '/v1/operations'],
      ['GET', '/v1/me'],
    ] as const) {
      const answer = await running.send(method, path, { headers, ...(method === 'POST' ? { body: {} } : {}) });
      expect(answer.status).toBe(401);
      expect(answer.json).toMatchObject({ code: 'NOT_SIGNED_IN' });
      expect(answer.headers['www-authenticate']).toBe('Bearer');
      const sent = headers['authorization']?.slice('Bearer '.length) ?? '';
      if (sent.trim() !== '') expect(answer.text).not.toContain(sent);
    }
  });

  test('the token is checked before the operation is looked up', async () => {
    expect((await running.send('POST', '/v1/operations/security/none', { body: {} })).status).toBe(401);
  });
});

describe('the Host header', () => {
  test.each(['evil.example', 'evil.example:4181', '127.0.0.1.evil.example', 'localhost.', '127.0.0.1:4181@evil.example', '169.254.169.254'])(
    '%j is refused',
    async (host) => {
      for (const path of ['/health', '/v1/me', '/sign-in/x', '/nothing']) {
        const answer = await running.send('GET', path, { token: admin, headers: { host } });
        expect(answer.status).toBe(421);
        expect(answer.json).toMatchObject({ code: 'HOST_NOT_ALLOWED' });
      }
    },
  );

  test.each(['127.0.0.1', 'localhost:1234', 'LOCALHOST', '[::1]:4181'])('%j is served', async (host) => {
    expect((await running.send('GET', '/health', { headers: { host } })).status).toBe(200);
  });
});

describe('what is not HTTP', () => {
  test.each<[string, string, number, string]>([
    ['garbage', 'hello\r\n\r\n', 400, 'REQUEST_MALFORMED'],
    ['headers of 200 kB', `GET /health HTTP/1.1\r\nhost: localhost\r\nx: ${'a'.repeat(200_000)}\r\n\r\n`, 431, 'HEADERS_TOO_LARGE'],
    ['an empty Host header', 'GET /health HTTP/1.1\r\nhost: \r\nconnection: close\r\n\r\n', 421, 'HOST_NOT_ALLOWED'],
    ['no Host header', 'GET /health HTTP/1.0\r\n\r\n', 421, 'HOST_NOT_ALLOWED'],
    ['a TLS greeting', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400, 'REQUEST_MALFORMED'],
  ])('%s', async (_what, bytes, status, code) => {
    const text = await sendRaw(bytes);
    expect(text).toMatch(new RegExp(`^HTTP/1.1 ${String(status)} `));
    expect(text).toContain(`"code":"${code}"`);
  });

  test('the server is well afterwards', async () => {
    expect((await running.send('GET', '/health')).json).toMatchObject({ ok: true });
  });
});

test('no answer may be read by another origin or kept', async () => {
  const answers = [
    await running.send('OPTIONS', ISOLATE, { headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' } }),
    await running.send('GET', '/health', { headers: { origin: 'https://evil.example' } }),
  ];
  for (const answer of answers) {
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
    expect(answer.headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', 'cross-origin-resource-policy': 'same-origin' });
  }
});
