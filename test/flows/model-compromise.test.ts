import { join } from 'node:path';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openLogReader, parseEntry } from '../../src/ledger/reader.ts';
import { directorySource } from '../../src/ledger/verify/tile-source.ts';
import { elulmc, removeInstallation, startInstallation, temporaryHome } from '../fixtures/installation.ts';
import type { RunningInstallation } from '../fixtures/installation.ts';
import { SLOW_DEMO } from '../fixtures/slow-demo.ts';

const STREAMS = 10;
const RUNBOOK = join(new URL('../..', import.meta.url).pathname, 'runbooks', 'model-compromise.md');

interface Streamed {
  readonly requestId: string | null;
  pieces: number;
  error: unknown;
}

let home: string;
let installation: RunningInstallation;
let client: OpenAI;

beforeAll(async () => {
  home = temporaryHome(SLOW_DEMO);
  installation = await startInstallation(home);
  client = new OpenAI({ baseURL: installation.gatewayUrl, apiKey: installation.apiKey ?? '', maxRetries: 0 });
  const signedIn = await elulmc(installation.env, ['sign-in', installation.adminLink ?? '']);
  expect(signedIn).toMatchObject({ code: 0 });
}, 180_000);

afterAll(async () => {
  await removeInstallation(installation, home);
}, 60_000);

async function openStream(streams: Streamed[], model: string): Promise<void> {
  const { data, response } = await client.chat.completions
    .create({ model, messages: [{ role: 'user', content: 'Call me Ishmael.' }], max_tokens: 200, stream: true })
    .withResponse();
  const seen: Streamed = { requestId: response.headers.get('x-request-id'), pieces: 0, error: undefined };
  streams.push(seen);
  try {
    for await (const _ of data) seen.pieces += 1;
  } catch (error) {
    seen.error = error;
  }
}

async function loggedRequestIds(): Promise<Set<string>> {
  const ids = new Set<string>();
  for (const log of ['gw-local-0', 'gw-local-1']) {
    const reader = await openLogReader(directorySource(join(home, 'ledger', log)));
    for await (const stored of reader.entries(0)) {
      const entry = parseEntry(stored);
      if (entry.kind === 'request.open' || entry.kind === 'request.done') ids.add(entry.id);
    }
  }
  return ids;
}

describe('model compromise, with the official client', () => {
  test('the three immediate actions cut every stream, void the session, and the backup answers', { timeout: 180_000 }, async () => {
    const seen = new Set<string>();
    const streams: Streamed[] = [];
    const running = Array.from({ length: STREAMS }, () => openStream(streams, 'demo'));
    await expect.poll(() => streams.filter((stream) => stream.pieces > 1).length, { timeout: 60_000 }).toBe(STREAMS);
    const issued = await fetch(`${installation.gatewayUrl}/sessions`, { method: 'POST', headers: { authorization: `Bearer ${String(installation.apiKey)}` } });
    seen.add(issued.headers.get('x-request-id') ?? '');
    const { token } = (await issued.json()) as { token: string };

    const run = await elulmc(installation.env, ['runbook', 'run', RUNBOOK, '--section', 'Model Compromise Response/Immediate Actions', '--yes', '--json']);
    expect(run.stderr + run.stdout).not.toContain(installation.apiKey);
    expect(run).toMatchObject({ code: 0 });
    await Promise.all(running);
    for (const stream of streams) {
      expect(stream.error).toBeInstanceOf(OpenAI.APIError);
      expect(stream.error).toMatchObject({ code: 'ISOLATED' });
      seen.add(stream.requestId ?? '');
    }

    const refused = await fetch(`${installation.gatewayUrl}/models`, { headers: { authorization: `Bearer ${token}` } });
    expect(refused.status).toBe(401);
    expect(await refused.json()).toMatchObject({ error: { code: 'SESSION_REVOKED' } });

    const { data: answer, response } = await client.chat.completions
      .create({ model: 'demo', messages: [{ role: 'user', content: 'Call me' }], max_tokens: 3 })
      .withResponse();
    seen.add(response.headers.get('x-request-id') ?? '');
    expect(answer.model).toBe('backup-clean');

    const resumed = await elulmc(installation.env, ['deployment', 'resume-operations', '--restore-routes', '--json']);
    expect(resumed).toMatchObject({ code: 0 });
    const again = await client.chat.completions.create({ model: 'demo', messages: [{ role: 'user', content: 'Call me' }], max_tokens: 3 }).withResponse();
    seen.add(again.response.headers.get('x-request-id') ?? '');
    expect(again.data.model).toBe('clean');

    await expect.poll(async () => [...(await loggedRequestIds())].sort(), { timeout: 20_000 }).toEqual([...seen].sort());
    const verified = await elulmc(installation.env, ['audits', 'verify-log', '--json']);
    expect(verified).toMatchObject({ code: 0 });
  });

  test('what an unknown or local caller may not do is refused', { timeout: 60_000 }, async () => {
    const stranger = { ...installation.env, ELULMC_TOKEN: 'elp_' + 'x'.repeat(43) };
    expect(await elulmc(stranger, ['deployment', 'resume-operations'])).toMatchObject({ code: 5, stdout: '' });
    expect(await elulmc(installation.env, ['sign-in', installation.adminLink ?? '', '--force'])).toMatchObject({ code: 5 });
  });
});

describe('the drill', () => {
  test('measures the procedure in a scratch installation and proves it', { timeout: 240_000 }, async () => {
    const { code, stdout, stderr } = await elulmc({ ...installation.env, ELULMC_HOME: join(home, 'unused') }, ['drill', 'model-compromise', '--json']);
    expect(code, stderr).toBe(0);
    const report = JSON.parse(stdout) as Record<string, unknown>;
    expect(report).toMatchObject({ ok: true, failures: [], onlySeen: [], onlyLogged: [], ledger: { verified: true } });
    expect(report['requestsSeen']).toBe(report['requestsLogged']);
    expect(report['requestsSeen']).toBeGreaterThanOrEqual(50);
    expect(report['streamsCut']).toBeGreaterThanOrEqual(8);
  });
});
