import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { ask, callOperation } from '../../src/cli/control-client.ts';
import type { ControlAddress } from '../../src/cli/control-address.ts';
import { ServerEventReader } from '../../src/cli/server-events.ts';
import { newId } from '../../src/core/ids.ts';

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(listener: RequestListener): Promise<ControlAddress> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`, token: 't' };
}

const quiet = { runId: newId('run'), signal: new AbortController().signal, onProgress: () => undefined };

describe('a peer that is no control plane', () => {
  test.each<[string, RequestListener]>([
    ['closes the connection', (request) => request.socket.destroy()],
    ['answers a page', (_request, response) => response.end('<html>')],
    ['answers an error page', (_request, response) => response.writeHead(500).end('{"a":1}')],
    ['redirects', (_request, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end('{}')],
    ['breaks the stream off', (_request, response) => response.writeHead(200, { 'content-type': 'text/event-stream' }).end('event: progress\ndata: {}\n\n')],
    ['streams what is not JSON', (_request, response) => response.writeHead(200, { 'content-type': 'text/event-stream' }).end('event: result\ndata: {\n\n')],
  ])('%s', async (_what, listener) => {
    await expect(callOperation(await serve(listener), 'security x', {}, quiet)).rejects.toMatchObject({ code: 'CONTROL_UNREACHABLE' });
  });

  test('nobody listens', async () => {
    await expect(ask({ url: 'http://127.0.0.1:1', token: '' }, { path: '/', signal: quiet.signal })).rejects.toMatchObject({
      code: 'CONTROL_UNREACHABLE',
      message: expect.stringContaining('ECONNREFUSED') as string,
    });
  });
});

test('Ctrl-C is INTERRUPTED', async () => {
  const interrupt = new AbortController();
  const address = await serve(() => {
    interrupt.abort();
  });
  await expect(callOperation(address, 'security x', {}, { ...quiet, signal: interrupt.signal })).rejects.toMatchObject({ code: 'INTERRUPTED' });
});

test('progress, then the result; the run id, the token and the dry run are sent', async () => {
  const seen: unknown[] = [];
  const address = await serve((request, response) => {
    seen.push(request.url, request.headers['x-run-id'], request.headers.authorization);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(': hello\n\nevent: progress\ndata: {"text":"half"}\n\nevent: result\ndata: {"exit":3}\n\n');
  });
  const texts: string[] = [];
  const report = await callOperation(address, 'security x', {}, { ...quiet, dryRun: true, onProgress: (text) => void texts.push(text) });
  expect(report).toEqual({ exit: 3 });
  expect(texts).toEqual(['half']);
  expect(seen).toEqual(['/v1/operations/security/x?dry-run=true', quiet.runId, 'Bearer t']);
});

test('a problem keeps its own id and exit code', async () => {
  const address = await serve((_request, response) => response.writeHead(403).end('{"code":"NOT_ALLOWED","exit":5,"detail":"no","help":"h","id":"err_1"}'));
  await expect(callOperation(address, 'security x', {}, quiet)).rejects.toMatchObject({ problem: { code: 'NOT_ALLOWED', exit: 5, id: 'err_1' } });
});

test('events are the same however the text is cut', () => {
  const text = ': c\r\nevent: a\r\ndata: {"x":1}\r\n\r\ndata: one\ndata: two\n\nevent: b\ndata:three\n\n';
  const whole = new ServerEventReader().push(text);
  expect(whole).toEqual([
    { name: 'a', data: '{"x":1}' },
    { name: '', data: 'one\ntwo' },
    { name: 'b', data: 'three' },
  ]);
  fc.assert(
    fc.property(fc.array(fc.nat(text.length), { maxLength: 8 }), (cuts) => {
      const reader = new ServerEventReader();
      const edges = [0, ...[...cuts].sort((a, b) => a - b), text.length];
      const events = edges.slice(1).flatMap((edge, index) => reader.push(text.slice(edges[index], edge)));
      expect(events).toEqual(whole);
    }),
  );
});
