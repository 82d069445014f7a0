import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { begin, CHAT, startHarness, until } from './fixtures/harness.ts';
import type { Harness } from './fixtures/harness.ts';
import { chunk, endless, sseHead } from './fixtures/scripted-upstream.ts';
import type { Script } from './fixtures/scripted-upstream.ts';

let harness: Harness;
beforeEach(async () => {
  harness = await startHarness();
});
afterEach(async () => {
  await harness.close();
});

const STREAM = { body: { ...CHAT, stream: true } };

let written = 0;

/** A model server that sends as fast as it may. */
const pouring: Script = (_seen, response) => {
  sseHead(response);
  const event = chunk('x'.repeat(8_000));
  const pour = (): void => {
    while (!response.destroyed && response.write(event)) written += event.length;
  };
  response.on('drain', pour);
  pour();
};

/** A client that asks for a stream and never reads. */
async function stalledClient(): Promise<Socket> {
  written = 0;
  const socket = connect(Number(new URL(harness.url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.pause();
  const body = JSON.stringify(STREAM.body);
  const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${harness.key}\r\ncontent-type: application/json\r\ncontent-length: ${String(body.length)}`;
  socket.write(`${head}\r\n\r\n${body}`);
  return socket;
}

/** Waits until every buffer on the way is full. */
async function stalled(): Promise<void> {
  let before = -1;
  while (written === 0 || before !== written) {
    before = written;
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
}

test('a client that does not read stops the upstream instead of filling memory, and is closed after a time', async () => {
  await harness.close();
  harness = await startHarness({ settings: { stalledClientMs: 600 } });
  harness.upstream.script = pouring;
  const socket = await stalledClient();
  await stalled();
  // Socket buffers of three hops on loopback hold some megabytes; a gateway without back-pressure takes gigabytes here.
  expect(written).toBeLessThan(64 * 1024 * 1024);
  await until(() => harness.log.ofKind('request.close').length === 1);
  expect(harness.log.ofKind('request.close')[0]).toMatchObject({ outcome: 'cancelled' });
  await until(() => harness.upstream.seen[0]?.aborted === true);
  socket.destroy();
});

test('isolation closes a client that does not read within its grace', async () => {
  harness.upstream.script = pouring;
  const socket = await stalledClient();
  await stalled();
  const closed = once(socket, 'close');
  harness.posture.isolate('all', null);
  await until(() => harness.upstream.seen[0]?.aborted === true);
  // Longer than the grace: a client that reads within it gets its error event and keeps its connection.
  await new Promise((resolve) => setTimeout(resolve, 600));
  socket.resume();
  await closed;
  expect(harness.log.ofKind('request.close')[0]).toMatchObject({ outcome: 'cut' });
});

test('a slow client gets everything', async () => {
  const events = Array.from({ length: 400 }, (_, i) => chunk(`${String(i)} ${'x'.repeat(2_000)}`));
  harness.upstream.script = (_seen, response) => {
    sseHead(response);
    for (const event of events) response.write(event);
    response.end('data: [DONE]\n\n');
  };
  const answer = await begin(harness, STREAM);
  let text = '';
  for await (const piece of answer) {
    text += String(piece);
    if (text.length < 200_000) await new Promise((resolve) => setTimeout(resolve, 2));
  }
  expect(text).toBe(`${events.join('')}data: [DONE]\n\n`);
});

test.each([
  ['a stream', endless(), STREAM, true],
  ['a plain request', () => undefined, {}, false],
])('%s: the upstream stops when the client leaves', async (_name, script, options, waitForHead) => {
  harness.upstream.script = script;
  const answer = begin(harness, options);
  if (waitForHead) (await answer).destroy();
  else {
    const socket = connect(Number(new URL(harness.url).port), '127.0.0.1');
    await once(socket, 'connect');
    const body = JSON.stringify(CHAT);
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${harness.key}\r\ncontent-type: application/json\r\ncontent-length: ${String(body.length)}\r\n\r\n${body}`,
    );
    await until(() => harness.upstream.seen.length === 2);
    socket.destroy();
    await until(() => harness.upstream.seen[1]?.aborted === true);
    harness.posture.isolate('all', null);
    (await answer).destroy();
  }
  await until(() => harness.upstream.seen.every((seen) => seen.aborted));
  await until(() => harness.worker.status().activeRequests === 0);
});

test('keep-alive: many requests over one connection, pipelined ones answered in order', async () => {
  const socket = connect(Number(new URL(harness.url).port), '127.0.0.1');
  await once(socket, 'connect');
  let text = '';
  socket.on('data', (piece: Buffer) => (text += piece.toString()));
  const one = (model: string): string => {
    const body = JSON.stringify({ ...CHAT, model });
    return `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${harness.key}\r\ncontent-type: application/json\r\ncontent-length: ${String(body.length)}\r\n\r\n${body}`;
  };
  socket.write(one('m') + one('nope') + one('m'));
  await until(() => text.split('HTTP/1.1 ').length === 4);
  expect(
    text
      .split('HTTP/1.1 ')
      .slice(1)
      .map((answer) => answer.slice(0, 3)),
  ).toEqual(['200', '404', '200']);
  socket.destroy();
});

test('a stream is framed right on the wire, and its connection serves the next request', async () => {
  harness.upstream.script = (_seen, response) => {
    sseHead(response);
    response.end(`${chunk('a')}data: [DONE]\n\n`);
  };
  const socket = connect(Number(new URL(harness.url).port), '127.0.0.1');
  await once(socket, 'connect');
  let text = '';
  socket.on('data', (piece: Buffer) => (text += piece.toString('latin1')));
  const body = JSON.stringify(STREAM.body);
  const request = `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${harness.key}\r\ncontent-type: application/json\r\ncontent-length: ${String(body.length)}\r\n\r\n${body}`;
  for (const answers of [1, 2]) {
    socket.write(request);
    await until(() => text.split('\r\n0\r\n\r\n').length === answers + 1);
  }
  expect(text).toMatch(/transfer-encoding: chunked/i);
  const bodies = text
    .split('HTTP/1.1 200 OK')
    .slice(1)
    .map((answer) => answer.slice(answer.indexOf('\r\n\r\n') + 4));
  for (const framed of bodies) {
    let rest = framed;
    let content = '';
    for (let size = -1; size !== 0;) {
      const line = rest.indexOf('\r\n');
      size = Number.parseInt(rest.slice(0, line), 16);
      content += rest.slice(line + 2, line + 2 + size);
      rest = rest.slice(line + 2 + size + 2);
    }
    expect([content, rest]).toEqual([`${chunk('a')}data: [DONE]\n\n`, '']);
  }
  // HTTP/1.0 knows no chunks: the body ends with the connection.
  text = '';
  const old = connect(Number(new URL(harness.url).port), '127.0.0.1');
  old.on('data', (piece: Buffer) => (text += piece.toString('latin1')));
  const closed = once(old, 'close');
  old.write(request.replace('HTTP/1.1', 'HTTP/1.0'));
  await closed;
  expect(text.slice(text.indexOf('\r\n\r\n') + 4)).toBe(`${chunk('a')}data: [DONE]\n\n`);
  socket.destroy();
});
