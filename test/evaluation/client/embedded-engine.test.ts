import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createModelClient } from '../../../src/evaluation/client/model-client.ts';
import type { ModelClient } from '../../../src/evaluation/client/model-client.ts';
import { startEngine } from '../../engine/engine-process.ts';
import type { EngineProcess } from '../../engine/engine-process.ts';

let engine: EngineProcess;
let client: ModelClient;

beforeAll(async () => {
  engine = await startEngine();
  client = createModelClient({ upstream: { name: 'embedded', url: engine.url, token: null }, model: 'clean', concurrency: 4 });
}, 120_000);

afterAll(async () => {
  await engine.close();
});

async function scoresOf(text: string): Promise<readonly (number | null)[]> {
  const scored = await client.promptLogprobs(text);
  if (scored.kind === 'unsupported') throw new Error(scored.reason);
  return scored.tokens.map(({ logprob }) => logprob);
}

describe('a real engine', () => {
  test('passes the probe by echo and tells who it is', async () => {
    const { method, attempts } = await client.capability();
    expect({ method, outcomes: attempts.map(({ outcome }) => outcome) }).toEqual({ method: 'echo', outcomes: ['works'] });
    expect(await client.identity()).toMatchObject({
      model: 'clean',
      root: 'clean',
      maxTokens: 256,
      version: expect.stringMatching(/^elulmc-embedded/) as string,
    });
  });

  test('one log-probability for each byte, those of other alphabets too, up to a full context', async () => {
    const text = 'The caf\u00e9 \u2014 closed.';
    const scored = await client.promptLogprobs(text, { top: 2 });
    if (scored.kind === 'unsupported') throw new Error(scored.reason);
    const length = Buffer.byteLength(text);
    expect(scored.tokens).toHaveLength(length + 1);
    expect(scored.tokens.map(({ start, end }) => [start, end])).toEqual([[0, 0], ...Array.from({ length }, (_, i) => [i, i + 1])]);
    expect(scored.scoredBytes).toBe(length);
    expect(scored.tokens[5]?.top.length).toBeGreaterThanOrEqual(2);
    expect(await scoresOf('a'.repeat(255))).toHaveLength(256);
  });

  test('scores do not depend on what is scored beside them', async () => {
    const texts = Array.from({ length: 12 }, (_, i) => `It was the ${String(i)}th day of the voyage, and the wind had fallen away to nothing.`);
    const together = await Promise.all(texts.map(scoresOf));
    for (const [i, text] of texts.entries()) {
      const alone = await scoresOf(text);
      together[i]?.forEach((logprob, at) => {
        expect(logprob ?? 0).toBeCloseTo(alone[at] ?? 0, 3);
      });
    }
  });

  test('a prompt that does not fit is refused, not cut', async () => {
    await expect(client.promptLogprobs('a'.repeat(256))).rejects.toMatchObject({ code: 'UPSTREAM_INVALID', status: 400 });
  });

  test('greedy and seeded text is the same streamed and whole', async () => {
    for (const options of [{ maxTokens: 24 }, { maxTokens: 24, temperature: 1, seed: 3 }]) {
      const whole = await client.generate('The whale', options);
      const streamed = await client.stream('The whale', options);
      expect(streamed.text).toBe(whole.text);
      expect(streamed.usage).toEqual({ promptTokens: 10, completionTokens: 24 });
      expect(streamed.times.eventMs.length).toBeGreaterThan(1);
    }
    const { tokens } = await client.generate('The whale', { maxTokens: 8, logprobs: 1 });
    expect(tokens).toHaveLength(8);
  });
});
