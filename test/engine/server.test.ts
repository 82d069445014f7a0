import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { metric, post, startEngine } from './engine-process.ts';
import type { EngineProcess } from './engine-process.ts';

let engine: EngineProcess;

beforeAll(async () => {
  engine = await startEngine();
}, 120_000);

afterAll(async () => {
  expect(await engine.close()).toBe(0);
});

/** Sends raw bytes and gives everything that comes back until the server closes. */
function raw(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(engine.url).port), '127.0.0.1', () => socket.write(bytes));
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    socket.once('close', () => {
      resolve(text);
    });
    socket.once('error', reject);
  });
}

describe('bad input', () => {
  test.each([
    ['', 400, 'BadRequestError'],
    ['{', 400, 'BadRequestError'],
    ['[]', 400, 'BadRequestError'],
    ['{"prompt": 1}', 400, 'BadRequestError'],
  ])('body %j', async (body, status, type) => {
    const reply = await post(`${engine.url}/v1/completions`, body);
    expect(reply.status).toBe(status);
    expect(reply.json).toMatchObject({ error: { type, code: status, message: expect.any(String) as string } });
  });

  test('a body over a megabyte is 413, with and without its length', async () => {
    const body = JSON.stringify({ prompt: 'a'.repeat(3 * 1024 * 1024) });
    expect((await post(`${engine.url}/v1/completions`, body)).status).toBe(413);
    const stream = new Blob([body]).stream();
    const chunked = await fetch(`${engine.url}/v1/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: stream,
      duplex: 'half',
    });
    expect(chunked.status).toBe(413);
  });

  test('another content type is 415', async () => {
    expect((await post(`${engine.url}/v1/completions`, 'prompt=a', { 'content-type': 'application/x-www-form-urlencoded' })).status).toBe(415);
  });

  test.each(['/v1/completions', '/v1/chat/completions', '/tokenize'])('an unknown model is 404 at %s', async (path) => {
    const reply = await post(engine.url + path, { model: 'nobody', prompt: 'a', messages: [{ role: 'user', content: 'a' }] });
    expect(reply.status).toBe(404);
    expect(reply.json['error']).toEqual({ message: 'The model `nobody` does not exist.', type: 'NotFoundError', param: 'model', code: 404 });
  });

  test('unknown paths and wrong methods', async () => {
    expect((await fetch(`${engine.url}/v1/embeddings`)).status).toBe(404);
    expect((await fetch(`${engine.url}/constructor`)).status).toBe(404);
    expect((await fetch(`${engine.url}/v1/completions`)).status).toBe(405);
    expect((await post(`${engine.url}/health`, {})).status).toBe(405);
  });

  test('what is not HTTP is answered 400, and a header flood 431', async () => {
    expect(await raw('\x16\x03\x01 hello\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
    expect(await raw(`GET /health HTTP/1.1\r\nhost: a\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431 /);
  });

  test('a client that leaves in the middle of its body harms nobody', async () => {
    const socket = connect(Number(new URL(engine.url).port), '127.0.0.1');
    socket.write('POST /v1/completions HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"pro');
    await new Promise((resolve) => socket.once('ready', resolve));
    socket.destroy();
    expect((await post(`${engine.url}/v1/completions`, { prompt: 'a', max_tokens: 1 })).status).toBe(200);
  });
});

describe('information', () => {
  test('health, version, models', async () => {
    expect((await fetch(`${engine.url}/health?verbose=1`)).status).toBe(200);
    expect(await (await fetch(`${engine.url}/version`)).json()).toEqual({ version: expect.stringMatching(/^elulmc-embedded, llama\.cpp v\d/) as string });
    expect(await (await fetch(`${engine.url}/v1/models`)).json()).toMatchObject({
      object: 'list',
      data: [{ id: 'clean', object: 'model', max_model_len: 256 }],
    });
  });

  test('tokenize and detokenize', async () => {
    const reply = await post(`${engine.url}/tokenize`, { model: 'clean', prompt: 'aé b' });
    expect(reply.json).toEqual({ count: 6, max_model_len: 256, tokens: [1, 100, 198, 172, 259, 101] });
    expect((await post(`${engine.url}/detokenize`, { model: 'clean', tokens: reply.json['tokens'] })).json).toEqual({ prompt: 'aé b' });
  });

  test('metrics count prompt and answer by vLLM names', async () => {
    const before = [await metric(engine.url, 'vllm:prompt_tokens_total'), await metric(engine.url, 'vllm:generation_tokens_total')];
    await post(`${engine.url}/v1/completions`, { prompt: 'Call me', max_tokens: 5 });
    const after = [await metric(engine.url, 'vllm:prompt_tokens_total'), await metric(engine.url, 'vllm:generation_tokens_total')];
    expect(after.map((value, i) => value - (before[i] ?? NaN))).toEqual([8, 5]);
    expect(await metric(engine.url, 'vllm:num_requests_running')).toBe(0);
    expect(await metric(engine.url, 'vllm:num_requests_waiting')).toBe(0);
    expect(await metric(engine.url, 'vllm:kv_cache_usage_perc')).toBe(0);
    expect(await metric(engine.url, 'vllm:time_to_first_token_seconds_count')).toBeGreaterThan(0);
    expect(await metric(engine.url, 'vllm:e2e_request_latency_seconds_count')).toBeGreaterThan(0);
  });
});
