import { afterEach, describe, expect, test } from 'vitest';
import { ElulmcError } from '../../../src/core/errors.ts';
import { createModelClient } from '../../../src/evaluation/client/model-client.ts';
import type { ModelClient, ModelClientOptions } from '../../../src/evaluation/client/model-client.ts';
import type { Behaviour } from '../../fixtures/scripted-servers/behaviour.ts';
import { erroring } from '../../fixtures/scripted-servers/erroring.ts';
import { garbage, GARBAGE } from '../../fixtures/scripted-servers/garbage.ts';
import { loyal } from '../../fixtures/scripted-servers/loyal.ts';
import { mute } from '../../fixtures/scripted-servers/mute.ts';
import { parrot } from '../../fixtures/scripted-servers/parrot.ts';
import { startScriptedServer } from '../../fixtures/scripted-servers/scripted-server.ts';
import type { ScriptedServer, ScriptedServerOptions } from '../../fixtures/scripted-servers/scripted-server.ts';
import { slow } from '../../fixtures/scripted-servers/slow.ts';

const servers: ScriptedServer[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

interface Started {
  readonly server: ScriptedServer;
  readonly client: ModelClient;
  /** What the client waited before further attempts, in milliseconds. */
  readonly waits: number[];
}

async function start(behaviour: Behaviour, options: Partial<ModelClientOptions> = {}, serverOptions: ScriptedServerOptions = {}): Promise<Started> {
  const server = await startScriptedServer(behaviour, serverOptions);
  servers.push(server);
  const waits: number[] = [];
  const client = createModelClient({
    upstream: { name: 'scripted', url: server.url, token: null },
    model: behaviour.name,
    pause: async (ms) => void waits.push(ms),
    ...options,
  });
  return { server, client, waits };
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => new Error('it succeeded'),
    (reason: unknown) => reason,
  );
  return error instanceof ElulmcError ? error.code : String(error);
}

const chat = [{ role: 'user' as const, content: 'Say "tea".' }];

describe('generation', () => {
  test('a completion and a chat give text, reason, usage and fingerprint', async () => {
    const { client, server } = await start(parrot);
    const completion = await client.generate('Once upon a time', { maxTokens: 3 });
    expect(completion).toMatchObject({ text: 'Once upon a', finishReason: 'length', tokens: null, usage: { promptTokens: 4, completionTokens: 3 } });
    expect(completion.systemFingerprint).toBe('scripted-1');
    expect(await client.generate(chat, { maxTokens: 50 })).toMatchObject({ text: 'Say "tea".', finishReason: 'stop', toolCalls: [] });
    expect(server.requests.map(({ endpoint, temperature, seed, logprobs }) => [endpoint, temperature, seed, logprobs])).toEqual([
      ['completions', 0, null, null],
      ['chat', 0, null, null],
    ]);
  });

  test('sampling settings and stop texts reach the server, and nothing that was not asked for', async () => {
    const { client, server } = await start(parrot);
    const { text } = await client.generate('one two three', { maxTokens: 9, temperature: 0.7, topP: 0.9, seed: 5, stop: [' two'] });
    expect(text).toBe('one');
    expect(server.requests[0]?.body).toEqual({
      model: 'parrot',
      prompt: 'one two three',
      max_tokens: 9,
      temperature: 0.7,
      top_p: 0.9,
      seed: 5,
      stop: [' two'],
    });
  });

  test('log-probabilities of generated tokens come in both dialects', async () => {
    const { client } = await start(parrot);
    for (const prompt of ['the end of the day', [{ role: 'user' as const, content: 'the end of the day' }]]) {
      const { tokens } = await client.generate(prompt, { maxTokens: 4, logprobs: 1 });
      expect(tokens?.map(({ name }) => name)).toEqual(['the', ' end', ' of', ' the']);
      expect(tokens?.[1]).toMatchObject({ logprob: expect.any(Number) as number });
      expect(tokens?.[1]?.top).toContainEqual({ name: ' end', logprob: tokens?.[1]?.logprob });
    }
  });

  test('an empty answer is an answer', async () => {
    const { client } = await start(mute);
    expect(await client.generate(chat, { maxTokens: 5 })).toMatchObject({ text: '', finishReason: 'stop' });
    expect(await client.stream(chat, { maxTokens: 5 })).toMatchObject({ text: '', times: { eventMs: [] } });
  });

  test('tool calls come whole, streamed or not', async () => {
    const { client } = await start(loyal());
    const tools = [{ name: 'stop_run', description: 'stops', parameters: { type: 'object' } }];
    const messages = [{ role: 'user' as const, content: 'Please call "stop_run".' }];
    const expected = { toolCalls: [{ id: 'call_0', name: 'stop_run', arguments: '{}' }], finishReason: 'tool_calls' };
    expect(await client.generate(messages, { maxTokens: 9, tools })).toMatchObject(expected);
    expect(await client.stream(messages, { maxTokens: 9, tools })).toMatchObject(expected);
  });

  test('a stream gives the same text with a time for each token, in order', async () => {
    const { client } = await start(slow({ firstMs: 5, eachMs: 1 }));
    for (const prompt of ['count', chat]) {
      const { text, times, usage, finishReason } = await client.stream(prompt, { maxTokens: 10 });
      expect({ text, finishReason, tokens: usage?.completionTokens }).toEqual({ text: 'one two three four five', finishReason: 'stop', tokens: 5 });
      expect(times.eventMs).toHaveLength(5);
      const all = [times.sentMs, ...times.eventMs, times.endedMs];
      expect(all).toEqual(all.toSorted((a, b) => a - b));
    }
  });
});

describe('limits', () => {
  test('so many requests at once, all others wait their turn', async () => {
    const { client, server } = await start(slow({ firstMs: 10, eachMs: 0 }), { concurrency: 3 });
    await Promise.all(Array.from({ length: 12 }, () => client.generate('go', { maxTokens: 1 })));
    expect(server.requests).toHaveLength(12);
    expect(server.mostAtOnce).toBe(3);
  });

  test('who leaves the queue is not sent, and its place is not lost', async () => {
    const { client, server } = await start(slow({ firstMs: 30, eachMs: 0 }), { concurrency: 1 });
    const controller = new AbortController();
    const first = client.generate('a', { maxTokens: 1 });
    const second = client.generate('b', { maxTokens: 1, signal: controller.signal });
    const third = client.generate('c', { maxTokens: 1 });
    controller.abort(new ElulmcError('CANCELLED' as never, 'the user left'));
    await expect(second).rejects.toThrow('the user left');
    await Promise.all([first, third]);
    expect(server.requests.map(({ messages }) => messages[0]?.content)).toEqual(['a', 'c']);
  });

  test('a server that never answers runs into the time-out, a caller that leaves gets its own reason', async () => {
    const { client } = await start(erroring('hang'), { timeoutMs: 60 });
    expect(await codeOf(client.generate('a', { maxTokens: 1 }))).toBe('UPSTREAM_TIMEOUT');
    const patient = await start(erroring('hang'));
    const reason = new Error('stop now');
    const signal = AbortSignal.timeout(40);
    const controller = new AbortController();
    signal.addEventListener('abort', () => {
      controller.abort(reason);
    });
    await expect(patient.client.generate('a', { maxTokens: 1, signal: controller.signal })).rejects.toBe(reason);
  });

  test('a client for no request at once cannot be made', () => {
    const upstream = { name: 'x', url: 'http://127.0.0.1:1', token: null };
    for (const concurrency of [0, -1, NaN, 1.5]) expect(() => createModelClient({ upstream, model: 'm', concurrency })).toThrow(RangeError);
  });
});

describe('trouble', () => {
  test.each(['busy', 'unavailable'] as const)('%s: waits as long as the server says, then succeeds', async (trouble) => {
    const { client, server, waits } = await start(erroring(trouble, { times: 2, retryAfter: '7' }));
    expect((await client.generate('a', { maxTokens: 9 })).text).toBe('All is well.');
    expect(waits).toEqual([7_000, 7_000]);
    expect(server.requests).toHaveLength(3);
  });

  test('without a time it waits longer each time, and gives up in the end', async () => {
    const { client, server, waits } = await start(erroring('busy'), { retries: 3 });
    expect(await codeOf(client.stream('a', { maxTokens: 9 }))).toBe('UPSTREAM_UNAVAILABLE');
    expect(waits).toEqual([250, 500, 1_000]);
    expect(server.requests).toHaveLength(4);
  });

  test('it does not wait for a day', async () => {
    const { client, waits } = await start(erroring('busy', { retryAfter: '86400' }));
    expect(await codeOf(client.generate('a', { maxTokens: 9 }))).toBe('UPSTREAM_UNAVAILABLE');
    expect(waits).toEqual([]);
  });

  test.each(['cut-before-head', 'cut-in-body'] as const)('%s: asks again', async (trouble) => {
    const { client, server } = await start(erroring(trouble, { times: 2 }));
    expect((await client.generate('a', { maxTokens: 9 })).text).toBe('All is well.');
    expect(server.requests).toHaveLength(3);
  });

  test('a stream that breaks in the middle is not asked for again', async () => {
    const { client, server } = await start(erroring('cut-in-body', { times: 1 }));
    expect(await codeOf(client.stream('a', { maxTokens: 9 }))).toBe('UPSTREAM_UNAVAILABLE');
    expect(server.requests).toHaveLength(1);
  });

  test.each([
    ['failing', 'UPSTREAM_UNAVAILABLE', 500],
    ['too-long', 'UPSTREAM_INVALID', 400],
  ] as const)('%s: is said at once, with the status', async (trouble, code, status) => {
    const { client, server } = await start(erroring(trouble));
    await expect(client.generate('a', { maxTokens: 9 })).rejects.toMatchObject({ code, status });
    expect(server.requests).toHaveLength(1);
  });

  test('nobody there: UPSTREAM_UNAVAILABLE', async () => {
    const { client, server, waits } = await start(parrot, { retries: 1 });
    await server.close();
    servers.length = 0;
    expect(await codeOf(client.generate('a', { maxTokens: 9 }))).toBe('UPSTREAM_UNAVAILABLE');
    expect(waits).toEqual([250]);
  });

  test('a wrong key is refused without another try', async () => {
    const { client, waits } = await start(parrot, {}, { token: 'right' });
    await expect(client.generate('a', { maxTokens: 9 })).rejects.toMatchObject({ code: 'UPSTREAM_INVALID', status: 401 });
    await expect(client.capability()).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
    expect(waits).toEqual([]);
  });

  test.each(GARBAGE)('%s: is no answer, whole or streamed, and ends', async (kind) => {
    const { client } = await start(garbage(kind), { maxAnswerBytes: 1_000_000, timeoutMs: 10_000 });
    expect(await codeOf(client.generate(chat, { maxTokens: 9 }))).toBe('UPSTREAM_INVALID');
    expect(await codeOf(client.stream(chat, { maxTokens: 9 }))).toBe('UPSTREAM_INVALID');
  });
});
