import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { post, startEngine } from './engine-process.ts';
import type { EngineProcess } from './engine-process.ts';

interface Choice {
  readonly text: string;
  readonly logprobs: {
    readonly text_offset: number[];
    readonly token_logprobs: (number | null)[];
    readonly tokens: string[];
    readonly top_logprobs: (Record<string, number> | null)[];
  };
}

let engine: EngineProcess;
let client: OpenAI;

beforeAll(async () => {
  engine = await startEngine();
  client = new OpenAI({ baseURL: `${engine.url}/v1`, apiKey: 'none', maxRetries: 0 });
}, 120_000);

afterAll(async () => {
  await engine.close();
});

async function completion(body: object): Promise<Choice> {
  const reply = await post(`${engine.url}/v1/completions`, body);
  expect(reply.status).toBe(200);
  const [choice] = reply.json['choices'] as Choice[];
  if (choice === undefined) throw new Error('no choice');
  return choice;
}

describe('completions through the official client', () => {
  test('an error reaches the client as what it is', async () => {
    await expect(client.completions.create({ model: 'nobody', prompt: 'a' })).rejects.toMatchObject({ status: 404, param: 'model' });
    await expect(client.completions.create({ model: 'clean', prompt: 'a'.repeat(300) })).rejects.toMatchObject({ status: 400, param: 'prompt' });
  });

  test('a whole answer', async () => {
    const answer = await client.completions.create({ model: 'clean', prompt: 'Call me', max_tokens: 24, temperature: 0 });
    expect(answer).toMatchObject({ object: 'text_completion', model: 'clean', usage: { prompt_tokens: 8, completion_tokens: 24, total_tokens: 32 } });
    expect(answer.choices).toHaveLength(1);
    expect(answer.choices[0]).toMatchObject({ index: 0, finish_reason: 'length', logprobs: null });
    expect(answer.choices[0]?.text).toMatch(/^[ -~\n]{24}$/);
  });

  test('equal seeds give equal text, streamed or not, and top_p near 0 is greedy', async () => {
    const body = { model: 'clean', prompt: 'The whale', max_tokens: 40, seed: 3 } as const;
    const [first, second, other] = await Promise.all([
      client.completions.create(body),
      client.completions.create(body),
      client.completions.create({ ...body, seed: 4 }),
    ]);
    expect(second.choices[0]?.text).toBe(first.choices[0]?.text);
    expect(other.choices[0]?.text).not.toBe(first.choices[0]?.text);
    let streamed = '';
    for await (const chunk of await client.completions.create({ ...body, stream: true })) streamed += chunk.choices[0]?.text ?? '';
    expect(streamed).toBe(first.choices[0]?.text);
    const [greedy, narrow] = await Promise.all([client.completions.create({ ...body, temperature: 0 }), client.completions.create({ ...body, top_p: 1e-6 })]);
    expect(narrow.choices[0]?.text).toBe(greedy.choices[0]?.text);
  });

  test('a stream ends with the reason and, when asked, with usage', async () => {
    const stream = await client.completions.create({
      model: 'clean',
      prompt: 'Call me',
      max_tokens: 10,
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect(new Set(chunks.map((chunk) => chunk.id)).size).toBe(1);
    expect(chunks.filter((chunk) => chunk.choices[0]?.finish_reason === 'length')).toHaveLength(1);
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 8, completion_tokens: 10 } });
  });

  test('several prompts and choices keep their places', async () => {
    const answer = await client.completions.create({ model: 'clean', prompt: ['Call me', 'The sea'], n: 3, max_tokens: 6, seed: 1, echo: true });
    expect(answer.choices.map((choice) => choice.index)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(answer.choices.map((choice) => choice.text.slice(0, 7))).toEqual(['Call me', 'Call me', 'Call me', 'The sea', 'The sea', 'The sea']);
    expect(answer.usage).toMatchObject({ prompt_tokens: 16, completion_tokens: 36 });
    expect(new Set(answer.choices.map((choice) => choice.text)).size).toBe(6);
  });

  test('a stop string ends the text before it', async () => {
    const open = await client.completions.create({ model: 'clean', prompt: 'The whale', max_tokens: 60, temperature: 0 });
    const text = open.choices[0]?.text ?? '';
    const stop = text.slice(20, 23);
    const stopped = await client.completions.create({ model: 'clean', prompt: 'The whale', max_tokens: 60, temperature: 0, stop: ['\0never', stop] });
    expect(stopped.choices[0]).toMatchObject({ text: text.slice(0, text.indexOf(stop)), finish_reason: 'stop', stop_reason: stop });
  });

  test('the context can be filled exactly, by prompt and answer or by the prompt alone', async () => {
    const full = await client.completions.create({ model: 'clean', prompt: 'a'.repeat(200) });
    expect(full.usage).toMatchObject({ prompt_tokens: 201, completion_tokens: 55 });
    const scored = await completion({ prompt: 'a'.repeat(255), echo: true, logprobs: 0, max_tokens: 0 });
    expect(scored.logprobs.token_logprobs).toHaveLength(256);
  });
});

describe('log-probabilities', () => {
  const sentence = 'Call me Ishmael.';

  test('of a prompt: one for each token, null for the first, the rest at most 0', async () => {
    const { text, logprobs } = await completion({ prompt: sentence, echo: true, logprobs: 2, max_tokens: 0 });
    expect(text).toBe(sentence);
    expect(logprobs.tokens).toEqual(['<s>', ...Array.from(sentence)]);
    expect(logprobs.text_offset).toEqual([0, ...Array.from(sentence, (_, i) => i)]);
    expect([logprobs.token_logprobs[0], logprobs.top_logprobs[0]]).toEqual([null, null]);
    expect(logprobs.token_logprobs.slice(1).every((value) => value !== null && Number.isFinite(value) && value <= 0)).toBe(true);
    logprobs.top_logprobs.slice(1).forEach((top, i) => {
      expect(top?.[logprobs.tokens[i + 1] ?? '']).toBe(logprobs.token_logprobs[i + 1]);
      expect([2, 3]).toContain(Object.keys(top ?? {}).length);
    });
  });

  test('max_tokens 1 adds the generated token and changes nothing before it', async () => {
    const prompt = await completion({ prompt: sentence, echo: true, logprobs: 1, max_tokens: 0 });
    const more = await completion({ prompt: sentence, echo: true, logprobs: 1, max_tokens: 1, temperature: 0 });
    expect(more.logprobs.tokens).toHaveLength(prompt.logprobs.tokens.length + 1);
    const pairs = prompt.logprobs.token_logprobs.map((value, i) => [value, more.logprobs.token_logprobs[i]] as const);
    for (const [before, after] of pairs.slice(1)) expect(after).toBeCloseTo(before ?? NaN, 3);
    expect(more.text).toHaveLength(sentence.length + 1);
  });

  test('they mean something: words in order are likelier than shuffled', async () => {
    const score = async (prompt: string): Promise<number> => {
      const { logprobs } = await completion({ prompt, echo: true, logprobs: 0, max_tokens: 0 });
      return logprobs.token_logprobs.reduce((sum: number, value) => sum + (value ?? 0), 0);
    };
    expect(await score('There was a ship upon the sea.')).toBeGreaterThan(await score('sea. upon a There ship the was'));
  });

  test('of an answer: those of the model, whatever the temperature', async () => {
    const cold = await completion({ prompt: 'The whale', logprobs: 3, max_tokens: 8, temperature: 0 });
    const hot = await completion({ prompt: 'The whale', logprobs: 3, max_tokens: 8, temperature: 1e-5, seed: 1 });
    expect(hot.text).toBe(cold.text);
    expect(hot.logprobs.token_logprobs).toHaveLength(8);
    hot.logprobs.token_logprobs.forEach((value, i) => {
      expect(value).toBeCloseTo(cold.logprobs.token_logprobs[i] ?? NaN, 3);
    });
  });

  test('token ids score like the text that they spell', async () => {
    const { json } = await post(`${engine.url}/tokenize`, { prompt: 'aé b' });
    const [text, ids] = await Promise.all([json['tokens'], 'aé b'].map((prompt) => completion({ prompt, echo: true, logprobs: 0, max_tokens: 0 })));
    expect(ids).toEqual(text);
    expect(text?.logprobs.tokens).toEqual(['<s>', 'a', 'bytes:\\xc3', 'bytes:\\xa9', ' ', 'b']);
    expect(text?.logprobs.text_offset).toEqual([0, 0, 1, 1, 2, 3]);
  });
});

describe('chat through the official client', () => {
  const messages = [{ role: 'user' as const, content: 'Call me' }];
  const seeded = { seed: 5 };

  test('a whole answer', async () => {
    const answer = await client.chat.completions.create({ model: 'clean', messages, max_completion_tokens: 12, ...seeded });
    expect(answer).toMatchObject({ object: 'chat.completion', usage: { prompt_tokens: 9, completion_tokens: 12 } });
    expect(answer.choices[0]).toMatchObject({ index: 0, finish_reason: 'length', message: { role: 'assistant' } });
    expect(answer.choices[0]?.message.content).not.toBe('');
  });

  test('a stream names the role first, then gives the same text', async () => {
    const body = { model: 'clean', messages, max_tokens: 30, ...seeded, stop: ['\0'] };
    const whole = await client.chat.completions.create(body);
    const stream = await client.chat.completions.create({ ...body, stream: true, stream_options: { include_usage: true } });
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect(chunks[0]?.choices[0]?.delta).toEqual({ role: 'assistant', content: '' });
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe(whole.choices[0]?.message.content);
    expect(chunks.filter((chunk) => chunk.choices[0]?.finish_reason === 'length')).toHaveLength(1);
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 30 } });
  });
});
