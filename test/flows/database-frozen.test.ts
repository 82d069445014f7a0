import { existsSync } from 'node:fs';
import { join } from 'node:path';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { databasePid, elulmc, removeInstallation, startInstallation, temporaryHome } from '../fixtures/installation.ts';
import type { RunningInstallation } from '../fixtures/installation.ts';
import { freeze } from '../fixtures/postgres-server.ts';
import { SLOW_DEMO } from '../fixtures/slow-demo.ts';

let home: string;
let installation: RunningInstallation;
let client: OpenAI;

beforeAll(async () => {
  home = temporaryHome(SLOW_DEMO);
  installation = await startInstallation(home);
  client = new OpenAI({ baseURL: installation.gatewayUrl, apiKey: installation.apiKey ?? '', maxRetries: 0 });
  expect(await elulmc(installation.env, ['sign-in', installation.adminLink ?? ''])).toMatchObject({ code: 0 });
}, 180_000);

afterAll(async () => {
  await removeInstallation(installation, home);
}, 60_000);

interface Stream {
  pieces: number;
  code: string | null;
}

async function stream(streams: Stream[]): Promise<void> {
  const seen: Stream = { pieces: 0, code: null };
  streams.push(seen);
  try {
    const pieces = await client.chat.completions.create({ model: 'demo', messages: [{ role: 'user', content: 'Call me' }], max_tokens: 200, stream: true });
    for await (const _ of pieces) seen.pieces += 1;
  } catch (error) {
    seen.code = error instanceof OpenAI.APIError ? String(error.code) : String(error);
  }
}

async function probe(): Promise<string> {
  const answer = await fetch(`${installation.gatewayUrl}/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${String(installation.apiKey)}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'demo', messages: [{ role: 'user', content: 'Call me' }], max_tokens: 1 }),
  });
  const body = (await answer.json()) as { error?: { code: string } };
  return answer.status === 200 ? 'served' : (body.error?.code ?? String(answer.status));
}

describe('with the database frozen', () => {
  test('emergency isolation still cuts every stream, and holds until operations resume', { timeout: 180_000 }, async () => {
    const pid = databasePid(home);
    if (pid === undefined) throw new Error('no embedded database');
    const streams: Stream[] = [];
    const running = Array.from({ length: 10 }, () => stream(streams));
    await expect.poll(() => streams.filter((one) => one.pieces > 1).length, { timeout: 60_000 }).toBe(10);

    const thaw = freeze(pid);
    const isolated = await elulmc(installation.env, ['security', 'emergency-isolation', '--json']);
    await Promise.all(running);
    expect(isolated).toMatchObject({ code: 0 });
    expect(existsSync(join(home, 'killswitch'))).toBe(true);
    // A machine that is busy with other tests may type so slowly that the lease ends first: that is closed too.
    for (const { code } of streams) expect(['ISOLATED', 'POSTURE_STALE']).toContain(code);
    expect(await probe()).toBe('ISOLATED');

    thaw();
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(await probe()).toBe('ISOLATED');
    const blocked = await elulmc(installation.env, ['deployment', 'activate-backup']);
    expect(blocked).toMatchObject({ code: 1 });
    expect(blocked.stderr).toContain('resume-operations --kill-switch');

    const resumed = await elulmc(installation.env, ['deployment', 'resume-operations', '--kill-switch']);
    expect(resumed).toMatchObject({ code: 0 });
    await expect.poll(probe, { timeout: 10_000 }).toBe('served');
  });
});
