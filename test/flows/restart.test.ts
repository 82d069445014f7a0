import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openLogReader } from '../../src/ledger/reader.ts';
import { directorySource } from '../../src/ledger/verify/tile-source.ts';
import { elulmc, removeInstallation, startInstallation, temporaryHome } from '../fixtures/installation.ts';
import type { RunningInstallation } from '../fixtures/installation.ts';

let home: string;
let installation: RunningInstallation;

beforeAll(() => {
  home = temporaryHome();
});

afterAll(async () => {
  await removeInstallation(installation, home);
}, 60_000);

async function ask(url: string, key: string): Promise<{ readonly status: number; readonly requestId: string | null }> {
  const answer = await fetch(`${url}/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'demo', messages: [{ role: 'user', content: 'Call me' }], max_tokens: 2 }),
  });
  await answer.text();
  return { status: answer.status, requestId: answer.headers.get('x-request-id') };
}

async function entries(): Promise<string> {
  let all = '';
  for (const log of ['control', 'gw-local-0', 'gw-local-1']) {
    const reader = await openLogReader(directorySource(join(home, 'ledger', log)));
    for await (const { bytes } of reader.entries(0)) all += bytes.toString('utf8');
  }
  return all;
}

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}

describe('an installation whose main process is killed', () => {
  test('ends by itself, starts again without cleaning, and has lost nothing', { timeout: 300_000 }, async () => {
    installation = await startInstallation(home);
    const { apiKey, pids } = installation;
    const answered = await ask(installation.gatewayUrl, apiKey ?? '');
    expect(answered.status).toBe(200);
    const second = await elulmc(installation.env, ['up']);
    expect(second.code).not.toBe(0);
    expect(second.stderr).toContain('HOME_IN_USE');
    expect(await elulmc(installation.env, ['sign-in', installation.adminLink ?? ''])).toMatchObject({ code: 0 });

    installation.process.kill('SIGKILL');
    const again = await startInstallation(home);
    installation = again;
    for (const pid of [pids.control, ...pids.gateway, ...pids.engines]) expect(isGone(pid)).toBe(true);
    expect(again.apiKey).toBeNull();
    expect(again.adminLink).toBeNull();
    expect((await ask(again.gatewayUrl, apiKey ?? '')).status).toBe(200);
    expect(await elulmc(again.env, ['governance', 'list-sessions'])).toMatchObject({ code: 0 });
    await expect.poll(entries, { timeout: 20_000 }).toContain(answered.requestId);
    expect(await entries()).not.toContain(apiKey);
    expect(await elulmc(again.env, ['audits', 'verify-log'])).toMatchObject({ code: 0 });
    expect(await again.stop()).toBe(0);
    for (const pid of [again.pids.control, ...again.pids.gateway, ...again.pids.engines]) expect(isGone(pid)).toBe(true);
  });
});
