import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { UpstreamAddress } from '../../src/upstreams/adapter.ts';
import { adapterFor } from '../../src/upstreams/adapters.ts';
import { readUpstream } from '../../src/upstreams/read-upstream.ts';

const engines = ['vllm', 'sglang', 'llama.cpp', 'ollama', 'embedded'];
const notReady = { ready: false, running: null, waiting: null, kvUsed: null, tokensPerSecond: null, loadedModels: null };

let server: Server | undefined;
const sockets = new Set<Socket>();

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  const running = server;
  server = undefined;
  if (running !== undefined) await new Promise((resolve) => running.close(resolve));
});

/** A server that answers every connection by `behave`, whatever it is asked. */
async function hostile(behave: (socket: Socket) => void): Promise<UpstreamAddress> {
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => {
      behave(socket);
    });
  });
  const listening = server;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  return { name: 'hostile', url: `http://127.0.0.1:${String((listening.address() as AddressInfo).port)}`, token: null };
}

const head = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n';

/** Writes without an end, as fast as the reader takes it. */
function flood(socket: Socket, chunk: string): void {
  const write = (): void => {
    while (!socket.destroyed && socket.write(chunk));
    socket.once('drain', write);
  };
  write();
}

const behaviors: Readonly<Record<string, (socket: Socket) => void>> = {
  'bytes that are no HTTP': (socket) => socket.end(Buffer.from([0, 255, 1, 254, 13, 10, 13, 10])),
  'a TLS server': (socket) => socket.end(Buffer.from('15030300020250', 'hex')),
  'nothing and a close': (socket) => socket.end(),
  'a reset': (socket) => socket.resetAndDestroy(),
  'half a head': (socket) => socket.end('HTTP/1.1 200 O'),
  'half a body': (socket) => socket.end(`${head}content-length: 100\r\n\r\n{"status":"ok"`),
  'half a chunk': (socket) => socket.end(`${head}transfer-encoding: chunked\r\n\r\nff\r\n{"st`),
  'a chunk size that lies': (socket) => socket.end(`${head}transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n`),
  'a length and chunks': (socket) => socket.end(`${head}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`),
  'JSON of another kind': (socket) => socket.end(`${head}content-length: 4\r\n\r\nnull`),
  'an HTML page': (socket) => socket.end(`${head}content-length: 13\r\n\r\n<html></html>`),
  'a redirect to itself': (socket) => socket.end('HTTP/1.1 302 Found\r\nlocation: /health\r\ncontent-length: 0\r\n\r\n'),
  'a header flood': (socket) => {
    socket.write(head);
    flood(socket, `x-${'y'.repeat(1000)}: z\r\n`);
  },
  'a body of 10 GB': (socket) => {
    socket.write(`${head}content-length: 10000000000\r\n\r\n`);
    flood(socket, 'x'.repeat(65_536));
  },
  'chunks without an end': (socket) => {
    socket.write(`${head}transfer-encoding: chunked\r\n\r\n`);
    flood(socket, `10000\r\n${'x'.repeat(65_536)}\r\n`);
  },
  'a stall before the head': () => undefined,
  'a stall in the body': (socket) => socket.write(`${head}content-length: 100\r\n\r\n{`),
};

describe.each(Object.entries(behaviors))('%s', (name, behave) => {
  test('is not ready for any engine, within the time given', async () => {
    const address = await hostile(behave);
    const signal = AbortSignal.timeout(name.startsWith('a stall') ? 300 : 20_000);
    const loads = await Promise.all(engines.map((engine) => adapterFor(engine).load(address, signal)));
    expect(loads).toEqual(engines.map(() => notReady));
    const reads = await Promise.all(engines.map((engine) => adapterFor(engine).probe(address, signal)));
    const answers200 = name === 'JSON of another kind' || name === 'an HTML page';
    // vLLM and SGLang answer /health with an empty 200: only the status counts there.
    expect(reads).toEqual(engines.map((engine) => answers200 && engine !== 'llama.cpp' && engine !== 'ollama'));
  });
});

describe('readUpstream', () => {
  const never = new AbortController().signal;

  test('a refused connection and a name that does not exist', async () => {
    const { url } = await hostile(() => undefined);
    const closed = server;
    server = undefined;
    await new Promise((resolve) => closed?.close(resolve));
    for (const target of [url, 'http://host.invalid']) {
      const address = { name: 'gone', url: target, token: 'secret' };
      for (const engine of engines) expect(await adapterFor(engine).load(address, never)).toEqual(notReady);
      const error: unknown = await readUpstream(address, { path: '/health' }, never).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
      expect(JSON.stringify(error) + String(error)).not.toContain('secret');
    }
  });

  test('a flood ends at the limit and costs no memory', async () => {
    const address = await hostile(behaviors['a body of 10 GB'] ?? (() => undefined));
    const before = process.memoryUsage().rss;
    for (let i = 0; i < 5; i++) await expect(readUpstream(address, { path: '/x' }, never)).rejects.toMatchObject({ code: 'UPSTREAM_TOO_LARGE' });
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024);
  });

  test('its own time limit and that of the caller', async () => {
    const address = await hostile(() => undefined);
    await expect(readUpstream(address, { path: '/x', timeoutMs: 200 }, never)).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT' });
    await expect(readUpstream(address, { path: '/x' }, AbortSignal.timeout(200))).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
    await expect(readUpstream(address, { path: '/x' }, AbortSignal.abort())).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
  });

  test('a server that drips bytes does not escape the time limit', async () => {
    const address = await hostile((socket) => {
      socket.write(`${head}transfer-encoding: chunked\r\n\r\n`);
      const timer = setInterval(() => socket.write('1\r\nx\r\n'), 20);
      socket.once('close', () => {
        clearInterval(timer);
      });
    });
    await expect(readUpstream(address, { path: '/x', timeoutMs: 400 }, never)).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT' });
  });
});
