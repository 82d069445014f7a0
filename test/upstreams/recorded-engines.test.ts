import { afterEach, describe, expect, test } from 'vitest';
import type { UpstreamAddress, UpstreamLoad } from '../../src/upstreams/adapter.ts';
import { adapterFor } from '../../src/upstreams/adapters.ts';
import { ok, startRecorded } from './recorded-server.ts';
import type { RecordedServer, Recording } from './recorded-server.ts';

/** These engines cannot run here. The replies are written by hand in the format that their documentation gives. */

const signal = new AbortController().signal;
const servers: RecordedServer[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function serve(recording: Recording, token: string | null = null): Promise<RecordedServer> {
  const server = await startRecorded(recording, token);
  servers.push(server);
  return server;
}

async function loadOf(engine: string, recording: Recording): Promise<UpstreamLoad> {
  const { address } = await serve(recording);
  return adapterFor(engine).load(address, signal);
}

const notReady = { ready: false, running: null, waiting: null, kvUsed: null, tokensPerSecond: null, loadedModels: null };

function modelList(...models: readonly object[]): { readonly status: number; readonly body: string } {
  return ok({ object: 'list', data: models });
}

describe('adapterFor', () => {
  test('refuses what has no adapter and names those that there are', () => {
    expect(() => adapterFor('tgi')).toThrow('must be one of vllm, sglang, llama.cpp, ollama, embedded');
    expect(() => adapterFor('constructor')).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID', field: 'engine' }));
  });

  test('every adapter is found by its own name', () => {
    for (const name of ['vllm', 'sglang', 'llama.cpp', 'ollama', 'embedded']) expect(adapterFor(name).engine).toBe(name);
    expect([...adapterFor('embedded').endpoints]).toEqual(['/v1/chat/completions', '/v1/completions']);
  });
});

describe('vLLM', () => {
  const metrics = [
    '# HELP vllm:num_requests_running Number of requests in model execution batches.',
    '# TYPE vllm:num_requests_running gauge',
    'vllm:num_requests_running{engine="0",model_name="llama"} 3.0',
    'vllm:num_requests_running{engine="1",model_name="llama"} 1.0',
    'vllm:num_requests_waiting{engine="0",model_name="llama"} 2.0',
    'vllm:num_requests_waiting{engine="1",model_name="llama"} 0.0',
    'vllm:kv_cache_usage_perc{engine="0",model_name="llama"} 0.5',
    'vllm:kv_cache_usage_perc{engine="1",model_name="llama"} 0.25',
    'vllm:generation_tokens_total{engine="0",model_name="llama"} 1000.0',
    'vllm:generation_tokens_total{engine="1",model_name="llama"} 500.0',
    'vllm:time_to_first_token_seconds_bucket{engine="0",le="+Inf",model_name="llama"} 7.0',
    '',
  ].join('\n');
  const recording: Recording = {
    'GET /health': ok(''),
    'GET /v1/models': modelList({ id: 'llama', object: 'model', created: 1, owned_by: 'vllm', root: '/m', parent: null, max_model_len: 8192 }),
    'GET /metrics': ok(metrics),
  };

  test('load of two replicas', async () => {
    expect(await loadOf('vllm', recording)).toEqual({ ready: true, running: 4, waiting: 2, kvUsed: 0.375, tokensPerSecond: null, loadedModels: ['llama'] });
  });

  test('the older name of the cache', async () => {
    const old = metrics.replaceAll('kv_cache_usage_perc', 'gpu_cache_usage_perc');
    expect(await loadOf('vllm', { ...recording, 'GET /metrics': ok(old) })).toMatchObject({ kvUsed: 0.375 });
  });

  test('tokens per second are the difference of two readings', async () => {
    const server = await serve(recording);
    const adapter = adapterFor('vllm');
    const start = performance.now();
    expect((await adapter.load(server.address, signal)).tokensPerSecond).toBeNull();
    await new Promise((resolve) => setTimeout(resolve, 250));
    server.replace({ ...recording, 'GET /metrics': ok(metrics.replace('1000.0', '2000.0')) });
    const rate = (await adapter.load(server.address, signal)).tokensPerSecond;
    expect(rate).toBeGreaterThanOrEqual(1000 / ((performance.now() - start) / 1000));
    expect(rate).toBeLessThan(4000);
  });

  test('asleep is not ready, without metrics is', async () => {
    expect(await loadOf('vllm', { ...recording, 'GET /is_sleeping': ok({ is_sleeping: true }) })).toEqual(notReady);
    const without = await loadOf('vllm', { ...recording, 'GET /metrics': { status: 404, body: '' } });
    expect(without).toEqual({ ...notReady, ready: true, loadedModels: ['llama'] });
  });

  test('a dead engine behind a living server is not ready', async () => {
    const { address } = await serve({ ...recording, 'GET /health': { status: 503, body: '' } });
    expect(await adapterFor('vllm').probe(address, signal)).toBe(false);
    expect(await adapterFor('vllm').load(address, signal)).toEqual(notReady);
  });

  test('wake asks first, wakes only who sleeps, and says when that fails', async () => {
    const awake = await serve({ 'GET /is_sleeping': ok({ is_sleeping: false }) });
    await adapterFor('vllm').wake(awake.address, 'llama', signal);
    const unable = await serve({});
    await adapterFor('vllm').wake(unable.address, 'llama', signal);
    expect([awake.requests, unable.requests]).toEqual([['GET /is_sleeping'], ['GET /is_sleeping']]);
    const asleep = await serve({ 'GET /is_sleeping': ok({ is_sleeping: true }), 'POST /wake_up': [ok(''), { status: 500, body: '' }] });
    await adapterFor('vllm').wake(asleep.address, 'llama', signal);
    expect(asleep.requests).toEqual(['GET /is_sleeping', 'POST /wake_up {}']);
    await expect(adapterFor('vllm').wake(asleep.address, 'llama', signal)).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
  });

  test('the token is sent, and a refused one is not ready', async () => {
    const server = await serve(recording, 'secret');
    await adapterFor('vllm').load(server.address, signal);
    expect(new Set(server.tokens)).toEqual(new Set(['Bearer secret']));
    expect(await loadOf('vllm', { ...recording, 'GET /v1/models': { status: 401, body: '{"error":"Unauthorized"}' } })).toEqual(notReady);
  });
});

describe('SGLang', () => {
  const metrics = [
    '# HELP sglang:num_running_reqs The number of running requests.',
    '# TYPE sglang:num_running_reqs gauge',
    'sglang:num_running_reqs{engine_type="unified",model_name="qwen",pp_rank="0",tp_rank="0"} 12.0',
    'sglang:num_queue_reqs{engine_type="unified",model_name="qwen",pp_rank="0",tp_rank="0"} 1.0',
    'sglang:token_usage{engine_type="unified",model_name="qwen",pp_rank="0",tp_rank="0"} 0.28',
    'sglang:gen_throughput{engine_type="unified",model_name="qwen",pp_rank="0",tp_rank="0"} 343.5',
    '',
  ].join('\n');

  test('load, with and without --enable-metrics', async () => {
    const recording: Recording = {
      'GET /health': ok(''),
      'GET /v1/models': modelList({ id: 'qwen', object: 'model', created: 1, owned_by: 'sglang', root: 'qwen', max_model_len: 32768 }),
    };
    expect(await loadOf('sglang', { ...recording, 'GET /metrics': ok(metrics) })).toEqual({
      ready: true,
      running: 12,
      waiting: 1,
      kvUsed: 0.28,
      tokensPerSecond: 343.5,
      loadedModels: ['qwen'],
    });
    expect(await loadOf('sglang', recording)).toEqual({ ...notReady, ready: true, loadedModels: ['qwen'] });
  });

  test('wake sends nothing: resuming memory that is not released kills the engine', async () => {
    const server = await serve({});
    await adapterFor('sglang').wake(server.address, 'qwen', signal);
    expect(server.requests).toEqual([]);
  });
});

describe('llama.cpp', () => {
  const metrics = [
    '# HELP llamacpp:requests_processing Number of requests processing.',
    '# TYPE llamacpp:requests_processing gauge',
    'llamacpp:requests_processing 2',
    'llamacpp:requests_deferred 5',
    'llamacpp:predicted_tokens_seconds 51.25',
    '',
  ].join('\n');
  const recording: Recording = {
    'GET /health': ok({ status: 'ok' }),
    'GET /v1/models': ok({
      models: [{ name: 'gemma.gguf' }],
      object: 'list',
      data: [{ id: 'gemma.gguf', object: 'model', owned_by: 'llamacpp', meta: { n_ctx_train: 8192 } }],
    }),
  };

  test('load with --metrics', async () => {
    expect(await loadOf('llama.cpp', { ...recording, 'GET /metrics': ok(metrics) })).toEqual({
      ready: true,
      running: 2,
      waiting: 5,
      kvUsed: null,
      tokensPerSecond: 51.25,
      loadedModels: ['gemma.gguf'],
    });
  });

  test('an older release tells its cache', async () => {
    expect(await loadOf('llama.cpp', { ...recording, 'GET /metrics': ok(`${metrics}llamacpp:kv_cache_usage_ratio 0.75\n`) })).toMatchObject({ kvUsed: 0.75 });
  });

  test('without --metrics the busy slots are told', async () => {
    const disabled = { status: 501, body: '{"error":{"code":501,"message":"This server does not support metrics endpoint.","type":"not_supported_error"}}' };
    const slots = ok([
      { id: 0, n_ctx: 4096, is_processing: true },
      { id: 1, n_ctx: 4096, is_processing: false },
    ]);
    expect(await loadOf('llama.cpp', { ...recording, 'GET /metrics': disabled, 'GET /slots': slots })).toEqual({
      ...notReady,
      ready: true,
      running: 1,
      loadedModels: ['gemma.gguf'],
    });
  });

  test('loading is not ready', async () => {
    const { address } = await serve({
      ...recording,
      'GET /health': { status: 503, body: '{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}' },
    });
    expect(await adapterFor('llama.cpp').probe(address, signal)).toBe(false);
    expect(await adapterFor('llama.cpp').load(address, signal)).toEqual(notReady);
  });

  const listed = (value: string, more: object = {}): { readonly status: number; readonly body: string } =>
    modelList(
      { id: 'gemma', object: 'model', owned_by: 'llamacpp', created: 1, status: { value, args: ['llama-server'], ...more } },
      { id: 'other', status: { value: 'unloaded' } },
    );

  test('a router lists what is loaded, and wake loads and waits', async () => {
    expect((await loadOf('llama.cpp', { ...recording, 'GET /v1/models': listed('loaded') })).loadedModels).toEqual(['gemma']);
    const server = await serve({ 'GET /models': [listed('unloaded'), listed('loading'), listed('loaded')], 'POST /models/load': ok({ success: true }) });
    await adapterFor('llama.cpp').wake(server.address, 'gemma', signal);
    expect(server.requests).toEqual(['GET /models', 'POST /models/load {"model":"gemma"}', 'GET /models', 'GET /models']);
  });

  test('wake of a model that is loaded, of a server with one model, of one that fails', async () => {
    const loaded = await serve({ 'GET /models': listed('loaded') });
    const single = await serve({ 'GET /models': recording['GET /v1/models'] ?? ok('') });
    for (const server of [loaded, single]) {
      await adapterFor('llama.cpp').wake(server.address, 'gemma', signal);
      expect(server.requests).toEqual(['GET /models']);
    }
    const failing = await serve({
      'GET /models': [listed('unloaded'), listed('loading'), listed('unloaded', { failed: true, exit_code: 1 })],
      'POST /models/load': ok({ success: true }),
    });
    await expect(adapterFor('llama.cpp').wake(failing.address, 'gemma', signal)).rejects.toThrow('failed to load gemma');
    const refusing = await serve({ 'GET /models': listed('unloaded'), 'POST /models/load': { status: 400, body: '{}' } });
    await expect(adapterFor('llama.cpp').wake(refusing.address, 'gemma', signal)).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
  });

  test('a wake that is given up ends', async () => {
    const server = await serve({ 'GET /models': listed('loading') });
    await expect(adapterFor('llama.cpp').wake(server.address, 'gemma', AbortSignal.timeout(300))).rejects.toThrow();
  });
});

describe('Ollama', () => {
  const recording: Recording = {
    'GET /api/version': ok({ version: '0.13.3' }),
    'GET /api/ps': ok({
      models: [
        {
          name: 'gemma3:4b',
          model: 'gemma3:4b',
          size: 6591830464,
          digest: 'a2af6cc3eb7f',
          details: { parent_model: '', format: 'gguf', family: 'gemma3', families: ['gemma3'], parameter_size: '4.3B', quantization_level: 'Q4_K_M' },
          expires_at: '2026-10-17T16:47:07.93355-07:00',
          size_vram: 5333539264,
          context_length: 4096,
        },
      ],
    }),
  };

  test('load tells the models and nothing else', async () => {
    expect(await loadOf('ollama', recording)).toEqual({ ...notReady, ready: true, loadedModels: ['gemma3:4b'] });
    expect(await loadOf('ollama', { ...recording, 'GET /api/ps': ok({ models: [] }) })).toEqual({ ...notReady, ready: true, loadedModels: [] });
  });

  test('wake loads and pins the model', async () => {
    const server = await serve({
      'POST /api/generate': ok({ model: 'gemma3:4b', created_at: '2026-10-17T16:47:07Z', response: '', done: true, done_reason: 'load' }),
    });
    await adapterFor('ollama').wake(server.address, 'gemma3:4b', signal);
    expect(server.requests).toEqual(['POST /api/generate {"model":"gemma3:4b","keep_alive":-1,"stream":false}']);
    const without = await serve({ 'POST /api/generate': { status: 404, body: '{"error":"model \'gemma3:4b\' not found"}' } });
    await expect(adapterFor('ollama').wake(without.address, 'gemma3:4b', signal)).rejects.toMatchObject({ code: 'MODEL_UNKNOWN' });
  });
});

test('a prefix in the URL is kept', async () => {
  const server = await serve({ 'GET /engine/health': ok('') });
  const address: UpstreamAddress = { ...server.address, url: `${server.address.url}/engine` };
  expect(await adapterFor('vllm').probe(address, signal)).toBe(true);
});
