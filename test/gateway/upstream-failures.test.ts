import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { begin, call, CHAT, codeOf, dataOf, readAll, startHarness, testAdapter, until } from './fixtures/harness.ts';
import type { Harness } from './fixtures/harness.ts';
import { chunk, DONE, json, sseHead, stream } from './fixtures/scripted-upstream.ts';
import type { Script } from './fixtures/scripted-upstream.ts';

const SIZES = { maxAnswerBytes: 256 * 1024, maxEventBytes: 64 * 1024 };

let harness: Harness;
const extra: { close(): Promise<void> | void }[] = [];
beforeEach(async () => {
  harness = await startHarness({ settings: SIZES });
});
afterEach(async () => {
  await harness.close();
  for (const one of extra.splice(0)) await one.close();
});

/** The same with little patience, for model servers that fall silent. */
async function impatient(): Promise<void> {
  await harness.close();
  harness = await startHarness({ settings: { ...SIZES, firstByteTimeoutMs: 700, idleTimeoutMs: 700 } });
}

const STREAM = { body: { ...CHAT, stream: true } };

async function fails(script: Script, code: string, options = {}): Promise<Record<string, unknown>> {
  harness.upstream.script = script;
  const reply = await call(harness, options);
  expect(codeOf(reply)).toBe(code);
  const entries = harness.log.of(String(reply.headers['x-request-id']));
  expect(entries.at(-1)?.outcome).toBe('failed');
  expect((await call(harness, { method: 'GET', path: '/v1/models' })).status).toBe(200);
  return dataOf(entries.at(-1));
}

/** A server that answers every connection with the same bytes. */
async function rawUpstream(bytes: string, close = true): Promise<void> {
  const server: Server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => (close ? socket.end(bytes) : socket.write(bytes)));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  extra.push({ close: () => void server.close() });
  harness.posture.addUpstream('a', `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`);
}

describe('plain answers', () => {
  test.each<[string, Script, string]>([
    ['that are not JSON', (_seen, response) => response.end('<html>'), 'UPSTREAM_INVALID'],
    ['that are an array', json([1]), 'UPSTREAM_INVALID'],
    ['that are empty', (_seen, response) => response.end(), 'UPSTREAM_INVALID'],
    ['of an error page', (_seen, response) => response.writeHead(500, { 'content-type': 'text/html' }).end('<html>'), 'UPSTREAM_INVALID'],
    ['that are compressed', (_seen, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('{}')), 'UPSTREAM_INVALID'],
    ['that redirect', (_seen, response) => response.writeHead(302, { location: '/x' }).end(), 'UPSTREAM_INVALID'],
    ['that refuse the gateway', json({ error: 'key' }, 401), 'UPSTREAM_UNAVAILABLE'],
    ['that never come', () => undefined, 'UPSTREAM_TIMEOUT'],
    ['that announce 10 GB', (_seen, response) => response.writeHead(200, { 'content-length': '10737418240' }).write('{'), 'UPSTREAM_TOO_LARGE'],
    [
      'that break off',
      (_seen, response, socket) => {
        response.writeHead(200, { 'content-length': '100' }).write('{"a":', () => socket.destroy());
      },
      'UPSTREAM_INTERRUPTED',
    ],
    [
      'that fall silent',
      (_seen, response) => {
        response.writeHead(200).write('{"a":');
      },
      'UPSTREAM_TIMEOUT',
    ],
  ])('%s', async (_name, script, code) => {
    if (code === 'UPSTREAM_TIMEOUT') await impatient();
    await fails(script, code);
    expect(harness.upstream.seen).toHaveLength(1);
  });

  test('that never end are cut at the limit, and the upstream is stopped', async () => {
    const data = await fails((_seen, response) => {
      const pour = (): void => {
        while (!response.destroyed && response.write('x'.repeat(16_384)));
      };
      response.on('drain', pour);
      pour();
    }, 'UPSTREAM_TOO_LARGE');
    expect(data['status']).toBe(502);
    await until(() => harness.upstream.seen[0]?.aborted === true);
  });

  test.each([
    ['garbage', 'garbage garbage\r\n\r\n', true],
    ['a wrong length', 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 7\r\n\r\n{}', true],
    ['a head without end', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(40_000)}`, false],
  ])('%s instead of HTTP', async (_name, bytes, close) => {
    await rawUpstream(bytes, close);
    const reply = await call(harness);
    expect(codeOf(reply)).toBe('UPSTREAM_INVALID');
  });

  test("an upstream's own refusal of the request passes", async () => {
    harness.upstream.script = json({ error: { message: 'too long', type: 'invalid_request_error' } }, 400);
    const reply = await call(harness);
    expect([reply.status, JSON.parse(reply.text)]).toEqual([400, { error: { message: 'too long', type: 'invalid_request_error' } }]);
    expect(harness.log.of(String(reply.headers['x-request-id']))[0]?.outcome).toBe('failed');
  });

  test('an endpoint that the engine does not have is 501', async () => {
    const other = await startHarness({ adapter: testAdapter({ endpoints: new Set(['/v1/completions']) }) });
    extra.push(other);
    expect(codeOf(await call(other))).toBe('ENDPOINT_UNSUPPORTED');
    expect(other.upstream.seen).toHaveLength(0);
  });
});

describe('streams', () => {
  const first = chunk('hello');

  function lastError(text: string): { code: string; request_id?: string } {
    const events = text.trimEnd().split('\n\n');
    return (JSON.parse(events.at(-1)?.replace(/^data: /, '') ?? '') as { error: { code: string } }).error;
  }

  test.each<[string, Script, string]>([
    [
      'dies',
      (_seen, response, socket) => {
        sseHead(response);
        response.write(first, () => setTimeout(() => socket.destroy(), 20));
      },
      'UPSTREAM_INTERRUPTED',
    ],
    ['ends without its end', stream([first]), 'UPSTREAM_INTERRUPTED'],
    ['ends inside an event', stream([first, 'data: {"choices":[{"delta":{"content":"wor']), 'UPSTREAM_INTERRUPTED'],
    ['turns to garbage', stream([first, 'data: {not json}\n\n', chunk('never seen'), DONE]), 'UPSTREAM_INVALID'],
    ['turns to invalid JSON around text', stream([first, 'data: {"content":"abc\n\n']), 'UPSTREAM_INVALID'],
    ['sends an event that is too large', stream([first, `data: {"pad":"${'x'.repeat(100_000)}"}\n\n`]), 'UPSTREAM_INVALID'],
    [
      'falls silent',
      (_seen, response) => {
        sseHead(response);
        response.write(first);
      },
      'UPSTREAM_TIMEOUT',
    ],
  ])('one that %s ends with an error event and a whole body', async (_name, script, code) => {
    if (code === 'UPSTREAM_TIMEOUT') await impatient();
    harness.upstream.script = (seen, response, socket) => {
      // Let the first event arrive alone, so that the head is out before the failure.
      const write = response.write.bind(response);
      let writes = 0;
      response.write = ((piece: string, done?: () => void) => {
        writes += 1;
        if (writes === 1) return write(piece, done as never);
        setTimeout(() => write(piece, done as never), 60 * writes);
        return true;
      }) as typeof response.write;
      const end = response.end.bind(response);
      response.end = (() => setTimeout(() => end(), 400)) as never;
      script(seen, response, socket);
    };
    const reply = await call(harness, STREAM);
    expect([reply.status, reply.broken]).toEqual([200, false]);
    expect(reply.text.startsWith(first)).toBe(true);
    expect(reply.text).not.toContain('never seen');
    expect(reply.text).not.toContain('[DONE]');
    expect(lastError(reply.text)).toMatchObject({ code, request_id: reply.headers['x-request-id'] });
    await until(() => harness.log.of(String(reply.headers['x-request-id'])).length === 2);
    const entries = harness.log.of(String(reply.headers['x-request-id']));
    expect(entries.map((entry) => [entry.kind, entry.outcome])).toEqual([
      ['request.open', 'open'],
      ['request.close', 'failed'],
    ]);
    expect(dataOf(entries[1])).toMatchObject({ code, completionTokens: 1, tokensExact: false, status: 200 });
  });

  test('one without any event is an ordinary error', async () => {
    await fails(stream([]), 'UPSTREAM_INTERRUPTED', STREAM);
    await fails(stream(['data: {oops\n\n']), 'UPSTREAM_INVALID', STREAM);
  });

  test('responses streams end with their own error event', async () => {
    harness.upstream.script = (_seen, response, socket) => {
      sseHead(response);
      response.write(
        'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","sequence_number":4,"output_index":0,"content_index":0,"delta":"x"}\n\n',
        () => setTimeout(() => socket.destroy(), 50),
      );
    };
    const reply = await call(harness, { path: '/v1/responses', body: { model: 'm', input: 'x', stream: true } });
    const [, last] = reply.text.trimEnd().split('\n\n');
    expect(last?.split('\n')[0]).toBe('event: error');
    expect(JSON.parse(last?.split('\n')[1]?.slice(6) ?? '')).toMatchObject({ type: 'error', code: 'UPSTREAM_INTERRUPTED', sequence_number: 5, param: null });
    expect(reply.text).not.toContain('response.completed');
  });

  test('an end marker without its blank line, comments and CRLF pass', async () => {
    const pieces = [': ping\r\n\r\n', 'data: {"choices":[{"index":0,"delta":{"content":"x"}}]}\r\n\r', '\n', 'data: [DONE]\n'];
    harness.upstream.script = stream(pieces);
    const reply = await readAll(await begin(harness, STREAM));
    expect(reply.text).toBe(`${pieces.join('')}\n\n`);
    await until(() => harness.log.ofKind('request.close').length === 1);
    expect(harness.log.ofKind('request.close')[0]?.outcome).toBe('ok');
  });
});
