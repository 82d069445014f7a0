import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { call, until } from '../fixtures/harness.ts';
import { COMPLETION, json, ScriptedUpstream } from '../fixtures/scripted-upstream.ts';
import type { GatewayStatus } from '../../../src/services/gateways/service.ts';

interface Ready {
  readonly port: number;
  readonly internalPort: number;
  readonly pids: readonly number[];
}

const KEY = `elk_${'k'.repeat(43)}`;
const LIMITED = `elk_${'l'.repeat(43)}`;
let folder: string;
let upstream: ScriptedUpstream;
let primary: ChildProcess;
let ready: Ready;
const events: string[] = [];

function message<T>(type: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const hear = (said: { type: string; detail?: string }): void => {
      if (said.type === 'failed') reject(new Error(said.detail));
      if (said.type !== type) return;
      primary.off('message', hear);
      resolve(said as T);
    };
    primary.on('message', hear);
  });
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gateway-cluster-'));
  upstream = await ScriptedUpstream.start(json(COMPLETION));
  primary = fork(join(import.meta.dirname, 'cluster-program.ts'), ['main'], { execArgv: [], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  primary.on('message', (said: { type: string; text?: string }) => {
    if (said.type === 'event') events.push(said.text ?? '');
  });
  const started = message<Ready>('ready');
  primary.send({
    options: {
      folder,
      upstreamUrl: upstream.url,
      keys: [
        { text: KEY, requestsPerMinute: null },
        { text: LIMITED, requestsPerMinute: 3 },
      ],
    },
  });
  ready = await started;
}, 120_000);

afterAll(async () => {
  if (primary.exitCode === null) {
    const exited = once(primary, 'exit');
    if (primary.connected) primary.disconnect();
    await exited;
  }
  await upstream.close();
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

function internal(path: string, token = 'internal-token'): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port: ready.internalPort, path, headers: { authorization: `Bearer ${token}` }, agent: false }, (answer) => {
      let text = '';
      answer.on('data', (piece: Buffer) => (text += piece.toString('latin1')));
      answer.on('end', () => {
        resolve({ status: answer.statusCode ?? 0, text });
      });
    }).on('error', reject);
  });
}

async function status(): Promise<GatewayStatus> {
  return JSON.parse((await internal('/status')).text) as GatewayStatus;
}

describe('a cluster of two workers', { timeout: 120_000 }, () => {
  const target = (): { url: string; key: string } => ({ url: `http://127.0.0.1:${String(ready.port)}`, key: KEY });

  test('serves from both, under limits that hold for the gateway', async () => {
    const replies = await Promise.all(Array.from({ length: 20 }, () => call(target())));
    expect(replies.map((reply) => reply.status)).toEqual(Array.from({ length: 20 }, () => 200));
    const limited = await Promise.all(Array.from({ length: 12 }, () => call({ ...target(), key: LIMITED })));
    expect(limited.filter((reply) => reply.status === 200)).toHaveLength(3);
    expect(limited.filter((reply) => reply.status === 429)).toHaveLength(9);
  });

  test('the internal listener wants its token and tells status, health and sums over the workers', async () => {
    expect((await internal('/status', 'wrong')).status).toBe(401);
    expect(await status()).toMatchObject({
      name: 'test',
      reachable: true,
      workers: [
        { slot: 0, log: 'gw-test-0' },
        { slot: 1, log: 'gw-test-1' },
      ],
    });
    expect(await internal('/health')).toMatchObject({ status: 200 });
    const { text } = await internal('/metrics');
    expect(text).toContain('# TYPE gen_ai_server_request_duration_seconds histogram');
    const total = /gen_ai_server_request_duration_seconds_count\{gen_ai_operation_name="chat",gen_ai_request_model="m"\} (\d+)/.exec(text);
    expect(Number(total?.[1])).toBe(23);
    expect(text).toMatch(/elulmc_rejects_total\{reason="REQUESTS_LIMITED"\} 9/);
    expect(text).toMatch(/elulmc_posture_version \d/);
  });

  test('serves the public files of the logs and nothing beside them', async () => {
    for (const log of ['gw-test-0', 'gw-test-1']) {
      expect((await internal(`/log/${log}/vkey`)).text).toContain(log);
      expect((await internal(`/log/${log}/checkpoint`)).text).toContain(`test.invalid/${log}`);
    }
    for (const path of [
      '/log/gw-test-0/../gw-test-0.key',
      '/log/gw-test-0/entries.wal',
      '/log/gw-test-0/tile/../../gw-test-0.key',
      '/log/..%2fgw-test-0/vkey',
      '/log/gw-test-0.key/vkey',
      '/log/gw-test-0/',
      '/other',
    ]) {
      expect([path, (await internal(path)).status]).toEqual([path, 404]);
    }
    expect((await internal('/log/gw-test-0/tile/0/x999/999')).status).toBe(404);
  });

  test('a worker that is killed comes back in its slot, on the same port and the same log', async () => {
    const [first] = ready.pids;
    expect(first).toBeGreaterThan(0);
    process.kill(first ?? 0, 'SIGKILL');
    await until(() => events.some((text) => text.includes('worker 0 ended')));
    let workers = 0;
    while (workers < 2) {
      workers = (await status()).workers.length;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const replies = await Promise.all(Array.from({ length: 10 }, () => call(target())));
    expect(replies.every((reply) => reply.status === 200)).toBe(true);
    expect((await status()).workers.map((worker) => worker.log)).toEqual(['gw-test-0', 'gw-test-1']);
  });

  test('ends in order when its parent goes, workers too', async () => {
    const asked = message<{ pids: number[] }>('pids');
    primary.send('pids');
    const { pids } = await asked;
    const exited = once(primary, 'exit');
    primary.disconnect();
    expect(await exited).toEqual([0, null]);
    for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow();
  });
});
