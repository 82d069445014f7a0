import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { post, startEngine } from '../engine/engine-process.ts';

const folder = join(import.meta.dirname, '../../models');
const range = z.tuple([z.int(), z.int()]);
const auc = z.object({ loss: z.number(), min20: z.number(), zlib: z.number() });
const manifest = z
  .object({
    passages: z.object({ file: z.string(), count: z.int(), sha256: z.string(), sets: z.record(z.string(), range), nonMembers: z.string(), fixed: z.array(range) }),
    models: z.array(
      z.object({
        name: z.string(),
        file: z.string(),
        bytes: z.int(),
        sha256: z.string(),
        members: z.string(),
        fixedPerplexityTorch: z.number(),
        auc: z.record(z.string(), auc),
      }),
    ),
  })
  .parse(JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')));

const passageBytes = readFileSync(join(folder, manifest.passages.file));
const passages = passageBytes.toString('ascii').trimEnd().split('\n');

/** Sum and number of the log-probabilities of one passage after BOS. */
async function score(url: string, prompt: string): Promise<readonly [number, number]> {
  const { json } = await post(`${url}/v1/completions`, { prompt, echo: true, logprobs: 0, max_tokens: 0, temperature: 0.3, top_p: 0.5 });
  const [choice] = z.array(z.object({ logprobs: z.object({ token_logprobs: z.array(z.number().nullable()) }) })).parse(json['choices']);
  const [first, ...rest] = choice?.logprobs.token_logprobs ?? [];
  expect(first).toBeNull();
  expect(rest).toHaveLength(prompt.length);
  return [rest.reduce((sum: number, value) => sum + (value ?? NaN), 0), rest.length];
}

describe('manifest', () => {
  test('passages are what it says: ASCII, one a line, three sets without overlap', () => {
    expect(hash('sha256', passageBytes)).toBe(manifest.passages.sha256);
    expect(passages).toHaveLength(manifest.passages.count);
    expect(passages.every((passage) => /^[ -~]{230,249}$/.test(passage))).toBe(true);
    expect(new Set(passages).size).toBe(passages.length);
    expect(manifest.passages.sets).toEqual({ A: [0, 999], B: [1000, 1999], C: [2000, 2999] });
    expect(manifest.passages.nonMembers).toBe('C');
  });

  test.each(manifest.models)('$file has the bytes that it says', (model) => {
    const bytes = readFileSync(join(folder, model.file));
    expect(bytes).toHaveLength(model.bytes);
    expect(hash('sha256', bytes)).toBe(model.sha256);
  });

  test.each(manifest.models)('$name: membership shows for its own set only', (model) => {
    const other = model.members === 'A' ? 'B' : 'A';
    const own = Object.values(model.auc[`${model.members}-C`] ?? {});
    const control = Object.values(model.auc[`${other}-C`] ?? {});
    expect(own).toHaveLength(3);
    // Five standard errors of a null AUC with 1,000 + 1,000 passages are 0.065.
    for (const value of own) expect(value).toBeGreaterThan(0.565);
    for (const value of control) expect(Math.abs(value - 0.5)).toBeLessThan(0.065);
  });

  test.each(manifest.models)(
    '$name: the engine and torch agree about the fixed passages within 0.5 %',
    async (model) => {
      const engine = await startEngine({ model: model.name });
      try {
        const fixed = manifest.passages.fixed.flatMap(([first, last]) => passages.slice(first, last + 1));
        const scores = await Promise.all(fixed.map((passage) => score(engine.url, passage)));
        const tokens = scores.reduce((sum, [, count]) => sum + count, 0);
        const perplexity = Math.exp(-scores.reduce((sum, [logprob]) => sum + logprob, 0) / tokens);
        expect(tokens).toBe(19_666);
        expect(Math.abs(perplexity / model.fixedPerplexityTorch - 1)).toBeLessThan(0.005);
      } finally {
        await engine.close();
      }
    },
    600_000,
  );
});
