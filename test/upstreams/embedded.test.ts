import { afterAll, beforeAll, expect, test } from 'vitest';
import type { UpstreamAddress } from '../../src/upstreams/adapter.ts';
import { embedded } from '../../src/upstreams/embedded.ts';
import { post, startEngine } from '../engine/engine-process.ts';
import type { EngineProcess } from '../engine/engine-process.ts';

/** An engine that starts while other tests use the cores. */
const START_MS = 120_000;
const signal = new AbortController().signal;
let engine: EngineProcess;
let address: UpstreamAddress;

beforeAll(async () => {
  engine = await startEngine({ tokensPerSecond: 50, sequences: 1 });
  address = { name: 'embedded', url: engine.url, token: null };
}, START_MS);

afterAll(async () => {
  await engine.close();
});

test('an idle engine', async () => {
  expect(await embedded.probe(address, signal)).toBe(true);
  expect(await embedded.load(address, signal)).toEqual({ ready: true, running: 0, waiting: 0, kvUsed: 0, tokensPerSecond: null, loadedModels: ['clean'] });
});

test('a busy engine tells what runs, what waits and how fast', async () => {
  const controller = new AbortController();
  const body = JSON.stringify({ prompt: 'Call me', max_tokens: 240 });
  const requests = [1, 2].map(() =>
    fetch(`${engine.url}/v1/completions`, { method: 'POST', headers: { 'content-type': 'application/json' }, body, signal: controller.signal }).catch(
      () => undefined,
    ),
  );
  let load = await embedded.load(address, signal);
  while (load.running !== 1 || load.waiting !== 1 || load.tokensPerSecond === null || load.tokensPerSecond === 0) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    load = await embedded.load(address, signal);
  }
  expect(load).toMatchObject({ ready: true, running: 1, waiting: 1, loadedModels: ['clean'] });
  expect(load.kvUsed).toBeGreaterThan(0);
  expect(load.kvUsed).toBeLessThanOrEqual(1);
  expect(load.tokensPerSecond).toBeLessThanOrEqual(100);
  controller.abort();
  await Promise.all(requests);
});

test(
  'a model that sleeps is not ready; wake loads it and may be called again',
  async () => {
    await post(`${engine.url}/sleep`, '');
    expect(await embedded.probe(address, signal)).toBe(false);
    expect(await embedded.load(address, signal)).toMatchObject({ ready: false, loadedModels: null });
    await embedded.wake(address, 'clean', signal);
    await embedded.wake(address, 'clean', signal);
    expect(await embedded.probe(address, signal)).toBe(true);
  },
  START_MS,
);

test(
  'a dead engine is not ready, and waking it fails',
  async () => {
    const victim = await startEngine();
    const gone = { name: 'gone', url: victim.url, token: null };
    process.kill(victim.pid, 'SIGKILL');
    await victim.close();
    expect(await embedded.probe(gone, signal)).toBe(false);
    expect(await embedded.load(gone, signal)).toMatchObject({ ready: false });
    await expect(embedded.wake(gone, 'clean', signal)).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
  },
  START_MS,
);
