import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { capabilityOnce } from '../../../src/evaluation/cache/capability-cache.ts';
import { createModelClient } from '../../../src/evaluation/client/model-client.ts';
import type { ModelClient } from '../../../src/evaluation/client/model-client.ts';
import { probePrompts } from '../../../src/evaluation/client/prompt-capability.ts';
import type { Behaviour, PromptScores } from '../../fixtures/scripted-servers/behaviour.ts';
import { erroring } from '../../fixtures/scripted-servers/erroring.ts';
import { garbage } from '../../fixtures/scripted-servers/garbage.ts';
import { ignoresEcho } from '../../fixtures/scripted-servers/ignores-echo.ts';
import { parrot } from '../../fixtures/scripted-servers/parrot.ts';
import { startScriptedServer } from '../../fixtures/scripted-servers/scripted-server.ts';
import type { ScriptedServer, ScriptedServerOptions } from '../../fixtures/scripted-servers/scripted-server.ts';
import { toyTokens } from '../../fixtures/scripted-servers/toy-scores.ts';

const servers: ScriptedServer[] = [];
const folders: string[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

async function clientOf(behaviour: Behaviour, options: ScriptedServerOptions = {}): Promise<ModelClient> {
  const server = await startScriptedServer(behaviour, options);
  servers.push(server);
  return createModelClient({ upstream: { name: 'scripted', url: server.url, token: null }, model: behaviour.name, pause: async () => undefined });
}

const METHODS = {
  echo: 'echo',
  'echo-and-one': 'echo-and-one',
  'prompt-logprobs': 'prompt-logprobs',
  sglang: 'sglang-generate',
  tgi: 'tgi-prefill',
  'llama-per-position': 'llama-per-position',
} as const satisfies Partial<Record<PromptScores, string>>;

describe.each(Object.entries(METHODS))('a server that tells log-probabilities of prompts by %s', (promptScores, method) => {
  const behaviour = { ...parrot, promptScores: promptScores as PromptScores };
  const text = 'The old man sat in a caf\u00e9 by the sea.';

  test('is found out, and gives each token with its bytes and its log-probability', async () => {
    const client = await clientOf(behaviour);
    expect((await client.capability()).method).toBe(method);
    const scored = await client.promptLogprobs(text);
    if (scored.kind === 'unsupported') throw new Error(scored.reason);
    const expected = toyTokens(text);
    expect(scored.method).toBe(method);
    expect(scored.tokens.map(({ logprob }) => logprob)).toEqual(expected.map(({ logprob }) => logprob));
    const bytes = Buffer.from(text);
    expect(scored.tokens.map(({ start, end }) => bytes.subarray(start, end).toString())).toEqual(expected.map((token) => token.text));
    expect(scored.scoredBytes).toBe(bytes.length - 3);
    expect(scored.sum).toBeCloseTo(
      expected.reduce((sum, { logprob }) => sum + (logprob ?? 0), 0),
      9,
    );
  });

  test('names alternatives where its engine can', async () => {
    const client = await clientOf(behaviour);
    const scored = await client.promptLogprobs(text, { top: 1 });
    const second = scored.kind === 'scored' ? scored.tokens[1] : undefined;
    expect((second?.top.length ?? 0) > 0).toBe(method !== 'tgi-prefill');
  });
});

describe('a server that tells none', () => {
  test.each(['ignored', 'refused'] as const)('`echo` %s: unsupported with the reasons, and never a score', async (how) => {
    const client = await clientOf(ignoresEcho(how));
    const capability = await client.capability();
    expect(capability.method).toBeNull();
    expect(capability.attempts.map(({ outcome }) => outcome)).not.toContain('works');
    expect(capability.attempts).toHaveLength(6);
    expect(await client.promptLogprobs('There was a ship.')).toEqual({ kind: 'unsupported', reason: expect.stringContaining('echo-and-one: ') as string });
    expect(JSON.parse(JSON.stringify(capability))).toEqual(capability);
  });

  /** Fails on every route that is not there, too. */
  const broken = { ...erroring('failing'), promptScores: 'failing' as const };

  test('garbage is no capability; a server that cannot be asked has not shown anything', async () => {
    expect((await (await clientOf(garbage('wrong-shape'))).capability()).method).toBeNull();
    await expect((await clientOf(erroring('cut-before-head'))).capability()).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
    await expect((await clientOf(broken)).capability()).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', status: 500 });
    await expect((await clientOf(erroring('busy'))).capability()).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
  });

  test('a probe that failed is made again', async () => {
    const client = await clientOf(erroring('cut-before-head', { times: 5 }));
    await expect(client.capability()).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
    expect((await client.capability()).method).toBe('echo');
  });
});

describe('numbers that are not what they seem', () => {
  type Values = (text: string, call: number) => (number | null)[];

  /** An engine whose tokens are right, and whose log-probabilities come from `values`. */
  async function probeWith(values: Values, change: (tokens: string[]) => string[] = (tokens) => tokens): Promise<string> {
    let call = 0;
    const json = async (_path: string, body: object): Promise<unknown> => {
      const { prompt } = body as { readonly prompt: string };
      call += 1;
      const tokens = change(toyTokens(prompt).map(({ text }) => text));
      return { choices: [{ logprobs: { tokens, token_logprobs: values(prompt, call).slice(0, tokens.length) } }] };
    };
    const { method, attempts } = await probePrompts({ model: 'm', json }, ['echo']);
    return method ?? attempts[0]?.reason ?? '';
  }

  const good: Values = (text) => toyTokens(text).map(({ logprob }) => logprob);

  test('right ones pass', async () => {
    expect(await probeWith(good)).toBe('echo');
  });

  test.each<[string, Values, RegExp]>([
    ['the same for every text', (text) => toyTokens(text).map((_, i) => (i === 0 ? null : -1)), /mean nothing/],
    ['all zero', (text) => toyTokens(text).map((_, i) => (i === 0 ? null : 0)), /mean nothing/],
    ['better for disorder', (text) => toyTokens(text).map(({ logprob }) => (logprob === null ? null : -7 - logprob)), /mean nothing/],
    ['above zero', (text) => toyTokens(text).map((_, i) => (i === 0 ? null : 0.5)), /log-probability 0.5/],
    ['one missing in the middle', (text) => good(text, 0).map((value, i) => (i === 3 ? null : value)), /token 3/],
    ['one for the first token, too', (text) => good(text, 0).map((value) => value ?? -2), /first token/],
    ['others each time', (text, call) => good(text, 0).map((value) => (value === null ? null : value - (call > 16 ? 1 : 0))), /second time/],
  ])('%s: unsupported', async (_name, values, reason) => {
    expect(await probeWith(values)).toMatch(reason);
  });

  test.each<[string, (tokens: string[]) => string[]]>([
    ['a token short', (tokens) => tokens.slice(0, -1)],
    ['a token more', (tokens) => [...tokens, ' and']],
    ['other text', (tokens) => tokens.map(() => ' so')],
    ['no token', () => []],
  ])('tokens with %s: unsupported', async (_name, change) => {
    expect(await probeWith(good, change)).toMatch(/do not spell|tokens and/);
  });
});

describe('what a probe found is kept', () => {
  const found = { probe: 1, method: 'echo', attempts: [{ method: 'echo', outcome: 'works', reason: 'it does' }] } as const;
  const identity = { upstream: 'a', url: 'http://a', model: 'm', version: '1', root: null, maxTokens: null };

  function folder(): string {
    const made = mkdtempSync(join(tmpdir(), 'capability-'));
    folders.push(made);
    return made;
  }

  test('by upstream, model and version; a torn file is no answer', async () => {
    const place = folder();
    let probes = 0;
    const probe = async (): Promise<typeof found> => {
      probes += 1;
      return found;
    };
    expect(await capabilityOnce(place, identity, probe)).toEqual(found);
    expect(await capabilityOnce(place, identity, probe)).toEqual(found);
    expect(probes).toBe(1);
    for (const changed of [{ version: '2' }, { model: 'n' }, { url: 'http://b' }]) await capabilityOnce(place, { ...identity, ...changed }, probe);
    expect(probes).toBe(4);
    for (const name of readdirSync(place)) writeFileSync(join(place, name), '{"probe":1,"meth');
    await capabilityOnce(place, identity, probe);
    expect(probes).toBe(5);
  });

  test('not for a server without a version', async () => {
    const place = folder();
    await capabilityOnce(place, { ...identity, version: null }, async () => found);
    expect(readdirSync(place)).toEqual([]);
  });

  test('a server tells who it is, or leaves nulls', async () => {
    const client = await clientOf(parrot, { version: '0.9.1' });
    expect(await client.identity()).toMatchObject({ upstream: 'scripted', model: 'parrot', version: '0.9.1', root: 'parrot.bin', maxTokens: 4096 });
    expect(await (await clientOf(parrot, { version: null })).identity()).toMatchObject({ version: null });
  });
});
