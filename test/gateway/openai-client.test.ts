import OpenAI, { APIError } from 'openai';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startHarness } from './fixtures/harness.ts';
import type { Harness } from './fixtures/harness.ts';
import { chunk, DONE, endless, stream } from './fixtures/scripted-upstream.ts';

let harness: Harness;
let client: OpenAI;
beforeEach(async () => {
  harness = await startHarness();
  client = new OpenAI({ apiKey: harness.key, baseURL: `${harness.url}/v1`, maxRetries: 2 });
});
afterEach(async () => {
  await harness.close();
});

const messages = [{ role: 'user' as const, content: 'hi' }];

test('a plain call, a stream, the models', async () => {
  const answer = await client.chat.completions.create({ model: 'm', messages });
  expect(answer.choices[0]?.message.content).toBe('hello');
  harness.upstream.script = stream([chunk('a'), chunk('b'), chunk('', 'stop'), DONE]);
  let text = '';
  for await (const part of await client.chat.completions.create({ model: 'm', messages, stream: true })) text += part.choices[0]?.delta.content ?? '';
  expect(text).toBe('ab');
  expect((await client.models.list()).data.map((model) => model.id)).toEqual(['m']);
});

test('isolation is an error that it understands and does not retry; in a stream too', async () => {
  harness.upstream.script = endless();
  const running = await client.chat.completions.create({ model: 'm', messages, stream: true });
  let caught: unknown;
  try {
    for await (const part of running) if (part.choices.length > 0) harness.posture.isolate('all', null);
  } catch (error) {
    caught = error;
  }
  expect(caught).toBeInstanceOf(APIError);
  expect((caught as APIError).code).toBe('ISOLATED');
  const calls = harness.log.ofKind('request.done').length;
  await expect(client.chat.completions.create({ model: 'm', messages })).rejects.toMatchObject({ status: 503, code: 'ISOLATED', type: 'service_unavailable' });
  expect(harness.log.ofKind('request.done').length).toBe(calls + 1);
});

test('an unknown key is an authentication error', async () => {
  const stranger = new OpenAI({ apiKey: `elk_${'z'.repeat(43)}`, baseURL: `${harness.url}/v1`, maxRetries: 0 });
  await expect(stranger.models.list()).rejects.toMatchObject({ status: 401, code: 'KEY_UNKNOWN' });
});
