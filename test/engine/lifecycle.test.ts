import { spawnSync } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ElulmcError } from '../../src/core/errors.ts';
import { runEngine } from '../../src/engine/main.ts';
import { metric, post, startEngine } from './engine-process.ts';
import type { EngineProcess } from './engine-process.ts';

const PACE = 20;
/** An engine that starts while other tests use the cores. */
const START_MS = 120_000;

let engine: EngineProcess;

beforeAll(async () => {
  engine = await startEngine({ tokensPerSecond: PACE, sequences: 2 });
}, START_MS);

afterAll(async () => {
  expect(await engine.close()).toBe(0);
});

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await delay(20);
}

function load(): Promise<readonly [number, number]> {
  return Promise.all([metric(engine.url, 'vllm:num_requests_running'), metric(engine.url, 'vllm:num_requests_waiting')]);
}

async function untilLoad(running: number, waiting: number): Promise<void> {
  await until(async () => {
    const now = await load();
    return now[0] === running && now[1] === waiting;
  });
}

/** A request of ten seconds that ends when the signal aborts. */
async function longRequest(signal: AbortSignal, stream: boolean): Promise<string> {
  const body = JSON.stringify({ prompt: 'Call me', max_tokens: 200, stream });
  const response = await fetch(`${engine.url}/v1/completions`, { method: 'POST', headers: { 'content-type': 'application/json' }, body, signal });
  return response.text();
}

describe('a running engine', () => {
  test('a paced stream takes its time', async () => {
    const start = performance.now();
    await post(`${engine.url}/v1/completions`, { prompt: 'Call me', max_tokens: 11 });
    expect(performance.now() - start).toBeGreaterThan((10 / PACE) * 1000 - 20);
  });

  test('who exceeds the sequences waits, and is seen waiting', async () => {
    const controllers = Array.from({ length: 4 }, () => new AbortController());
    const requests = controllers.map((controller, i) => longRequest(controller.signal, i % 2 === 0).catch((error: unknown) => (error as Error).name));
    await untilLoad(2, 2);
    // A sequence takes its cells when its prompt is evaluated, which may be a moment after it is counted.
    await expect.poll(() => metric(engine.url, 'vllm:kv_cache_usage_perc')).toBeGreaterThan(0);
    for (const controller of controllers) controller.abort();
    expect(await Promise.all(requests)).toEqual(Array(4).fill('AbortError'));
    await untilLoad(0, 0);
  });

  test('a waiting request whose client leaves is forgotten; the others are served', async () => {
    const holders = [new AbortController(), new AbortController()];
    const held = holders.map((holder) => longRequest(holder.signal, true).catch(() => 'cut'));
    await untilLoad(2, 0);
    const leaver = new AbortController();
    const left = longRequest(leaver.signal, false).catch(() => 'left');
    const stayed = post(`${engine.url}/v1/completions`, { prompt: 'a', max_tokens: 2 });
    await untilLoad(2, 2);
    leaver.abort();
    expect(await left).toBe('left');
    await untilLoad(2, 1);
    for (const holder of holders) holder.abort();
    expect((await stayed).status).toBe(200);
    await Promise.all(held);
  });

  test.each([true, false])('a client that leaves stops the generation (stream: %s)', async (stream) => {
    const controller = new AbortController();
    const request = longRequest(controller.signal, stream).catch(() => 'cut');
    await untilLoad(1, 0);
    controller.abort();
    await request;
    await untilLoad(0, 0);
    const tokens = await metric(engine.url, 'vllm:generation_tokens_total');
    await delay(200);
    expect(await metric(engine.url, 'vllm:generation_tokens_total')).toBe(tokens);
  });

  test(
    'sleep waits for running requests, refuses new ones, and wake_up loads again',
    async () => {
      const running = post(`${engine.url}/v1/completions`, { prompt: 'Call me', max_tokens: 20 });
      await untilLoad(1, 0);
      const slept = post(`${engine.url}/sleep?level=1`, '');
      await until(async () => (await fetch(`${engine.url}/health`)).status === 503);
      const refused = await post(`${engine.url}/v1/chat/completions`, { messages: [{ role: 'user', content: 'a' }], stream: true });
      expect(refused).toMatchObject({ status: 503, json: { error: { type: 'ServiceUnavailableError', code: 503 } } });
      const answer = await running;
      expect(answer.status).toBe(200);
      expect(answer.json['usage']).toMatchObject({ completion_tokens: 20 });
      expect((await slept).status).toBe(200);
      expect(await (await fetch(`${engine.url}/is_sleeping`)).json()).toEqual({ is_sleeping: true });
      expect((await post(`${engine.url}/sleep`, '')).status).toBe(200);
      expect((await Promise.all([post(`${engine.url}/wake_up`, ''), post(`${engine.url}/wake_up`, '')])).map((reply) => reply.status)).toEqual([200, 200]);
      expect((await fetch(`${engine.url}/health`)).status).toBe(200);
      expect((await post(`${engine.url}/v1/completions`, { prompt: 'a', max_tokens: 2 })).status).toBe(200);
    },
    START_MS,
  );

  test(
    'stopping ends running streams and waiting requests and exits by itself',
    async () => {
      const stopped = await startEngine({ tokensPerSecond: PACE, sequences: 1 });
      const body = JSON.stringify({ prompt: 'Call me', max_tokens: 200, stream: true });
      const streams = [1, 2].map(async () =>
        (await fetch(`${stopped.url}/v1/completions`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })).text(),
      );
      const cut = Promise.allSettled(streams);
      await until(async () => (await metric(stopped.url, 'vllm:num_requests_waiting')) === 1);
      expect(await stopped.close()).toBe(0);
      expect((await cut).map((stream) => stream.status)).toEqual(['rejected', 'rejected']);
    },
    START_MS,
  );

  test(
    'a native crash or kill ends its process only, and clients see the broken stream',
    async () => {
      const victim = await startEngine({ tokensPerSecond: PACE });
      const body = JSON.stringify({ prompt: 'Call me', max_tokens: 200, stream: true });
      const response = await fetch(`${victim.url}/v1/completions`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
      const rest = response.text();
      process.kill(victim.pid, 'SIGKILL');
      await expect(rest).rejects.toThrow();
      expect(await victim.close()).toBeNull();
    },
    START_MS,
  );
});

describe('an engine that cannot start', () => {
  const options = { servedName: 'x', port: 0, host: '127.0.0.1', tokensPerSecond: null, sequences: 1 } as const;
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'elulmc-engine-'));
  });

  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  test.each([
    ['a file that is not there', undefined],
    ['an empty file', ''],
    ['a file that is no GGUF', 'not a model'],
    ['a truncated GGUF', 'GGUF\x03\0\0\0'],
  ])(
    '%s',
    async (_, content) => {
      const modelPath = join(folder, 'model.gguf');
      rmSync(modelPath, { force: true });
      if (content !== undefined) writeFileSync(modelPath, content, 'latin1');
      const error: unknown = await runEngine({ ...options, modelPath }).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(ElulmcError);
      expect(error).toMatchObject({ code: 'START_FAILED', message: expect.stringContaining(modelPath) as string });
    },
    START_MS,
  );

  test(
    'an installation without the inference library',
    () => {
      const hide = `import { registerHooks } from 'node:module';
      registerHooks({ resolve: (name, context, next) => { if (name === 'node-llama-cpp') throw new Error('not installed'); return next(name, context); } });`;
      const argv = ['--import', `data:text/javascript,${encodeURIComponent(hide)}`, join(import.meta.dirname, 'engine-child.ts')];
      const ended = spawnSync(process.execPath, [...argv, JSON.stringify({ ...options, modelPath: 'unused' })], { encoding: 'utf8', timeout: 60_000 });
      expect(ended.status).toBe(1);
      expect(ended.stderr).toContain('the embedded engine needs the package node-llama-cpp: npm install node-llama-cpp@3');
      expect(ended.stderr).toContain('START_FAILED');
    },
    START_MS,
  );

  test('a port that is taken', async () => {
    const taken = Number(new URL(engine.url).port);
    await expect(runEngine({ ...options, port: taken, modelPath: 'unused' })).rejects.toMatchObject({ code: 'PORT_IN_USE' });
  });
});
