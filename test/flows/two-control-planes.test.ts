import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../../src/core/ids.ts';
import type { LedgerEntry } from '../../src/ledger/entry.ts';
import { ask, callUntilAnswered, controlHost, leaderOf, shareKeys, signInAdministrator, verifiedEntries } from '../fixtures/control-plane.ts';
import type { Answer, ControlHost, FixedCall } from '../fixtures/control-plane.ts';
import { freshDatabase } from '../fixtures/postgres.ts';
import type { FreshDatabase } from '../fixtures/postgres.ts';

const CALLERS = 3;

let database: FreshDatabase;
let observer: Client;
let a: ControlHost;
let b: ControlHost;
let hosts: readonly ControlHost[];
let installationId: string;
let token: string;

beforeAll(async () => {
  database = await freshDatabase();
  observer = new Client({ connectionString: database.url });
  await observer.connect();
  a = controlHost({ name: 'local', databaseUrl: database.url });
  const first = await a.start();
  installationId = first.installationId;
  token = await signInAdministrator(a.url(), first.adminLink);
  b = controlHost({ name: 'b', databaseUrl: database.url, keysOf: a.home });
  hosts = [a, b];
}, 60_000);

afterAll(async () => {
  for (const host of hosts) {
    host.signal('SIGCONT');
    host.signal('SIGKILL');
    await host.ended();
    host.remove();
  }
  await observer.end();
  await database.drop();
}, 60_000);

async function select<T>(text: string, values: unknown[] = []): Promise<T[]> {
  const { rows } = await observer.query(text, values);
  return rows as T[];
}

/** Calls that go on until they are stopped, each under its own run id and repeated until it is answered. */
function stream(): { readonly answered: () => number; stop(): Promise<Map<FixedCall, Answer>> } {
  const answers = new Map<FixedCall, Answer>();
  let stopping = false;
  const caller = async (number: number): Promise<void> => {
    for (let n = 0; !stopping; n++) {
      const isIssue = (n + number) % 2 === 0;
      const call: FixedCall = isIssue
        ? { room: 'governance', name: 'issue-key', input: { name: `key-${String(number)}-${String(n)}` }, runId: newId('run') }
        : { room: 'governance', name: 'revoke-all-sessions', input: {}, runId: newId('run') };
      // The other order for every other caller: both hosts are asked all the time.
      answers.set(call, await callUntilAnswered(number % 2 === 0 ? hosts : hosts.toReversed(), token, call));
    }
  };
  const callers = Array.from({ length: CALLERS }, (_, number) => caller(number));
  return {
    answered: () => answers.size,
    stop: async () => {
      stopping = true;
      await Promise.all(callers);
      return answers;
    },
  };
}

/** A key that was issued before the takeover is not issued again, and its text was shown to nobody: that is told. */
function wasDone({ status, body }: Answer): boolean {
  return status === 200 || (status === 409 && /has issued|was shown once/.test(String(body['detail'])));
}

describe('two control planes on one database', () => {
  test('the second stands by: it lives, serves nothing, and names the leader', async () => {
    expect(await b.start()).toMatchObject({ installationId, standbyFor: a.url() });
    expect(await ask(b.url(), '/health')).toMatchObject({ status: 200, body: { ok: true, role: 'standby', leader: a.url(), installationId } });
    const refused = await ask(b.url(), '/v1/operations/governance/issue-key', { method: 'POST', body: '{}' });
    expect(refused).toMatchObject({ status: 503, body: { code: 'CONTROL_STANDBY', detail: expect.stringContaining(a.url()) as string } });
  });

  test('leaders are killed and frozen under load: another one takes over, and nothing happens twice', { timeout: 420_000 }, async () => {
    const calls = stream();
    const progress = async (count: number): Promise<void> => {
      const from = calls.answered();
      await expect.poll(calls.answered, { timeout: 120_000 }).toBeGreaterThanOrEqual(from + count);
    };
    await progress(10);

    const killed = await leaderOf(hosts);
    killed.signal('SIGKILL');
    await killed.ended();
    await killed.start();
    await progress(10);

    for (let n = 0; n < 2; n++) {
      const frozen = await leaderOf(hosts);
      frozen.signal('SIGSTOP');
      await progress(10);
      const other = hosts.find((host) => host !== frozen);
      expect(await ask(other?.url() ?? '', '/health')).toMatchObject({ status: 200, body: { parts: { database: 'ok', ledger: 'ok' } } });
      frozen.signal('SIGCONT');
      expect(await frozen.ended()).toBe(1);
      expect(frozen.said()).toContain('LEADERSHIP_LOST');
      expect(await frozen.start()).toMatchObject({ standbyFor: other?.url() });
      await progress(5);
    }

    const answers = await calls.stop();
    for (const host of hosts) await host.stop();
    expect([...answers].filter(([, answer]) => !wasDone(answer))).toEqual([]);

    const runIds = [...answers.keys()].map(({ runId }) => runId);
    const changes = await select<{ run_id: string; count: string }>('select run_id, count(*) from posture_change where run_id = any($1) group by 1', [runIds]);
    expect(changes.filter(({ count }) => count !== '1')).toEqual([]);
    expect(changes.map(({ run_id }) => run_id).sort()).toEqual([...runIds].sort());
    const issues = [...answers.keys()].filter(({ name }) => name === 'issue-key').length;
    expect(await select('select count(*)::int as keys, (select session_generation::int from installation) as generation from api_key')).toEqual([
      { keys: issues, generation: 1 + runIds.length - issues },
    ]);
    expect(await select('select id from operation_run where outcome is null')).toEqual([]);
    expect((await select<{ epoch: string }>('select epoch from leader'))[0]?.epoch).toMatch(/^[4-9]$/);

    expectOneResultEach(runIds, await verifiedEntries(a, installationId), await verifiedEntries(b, installationId));
  });
});

describe('who may not lead', () => {
  const made: ControlHost[] = [];

  function host(name: string, keysOf?: ControlHost): ControlHost {
    const one = controlHost({ name, databaseUrl: database.url, ...(keysOf === undefined ? {} : { keysOf: keysOf.home }) });
    made.push(one);
    return one;
  }

  afterAll(async () => {
    for (const one of made) {
      await one.stop();
      one.remove();
    }
  });

  test('a second home of the same name, which is told to take another one', { timeout: 60_000 }, async () => {
    await expect(host('local', a).start()).rejects.toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining('control.name') as string });
  });

  test('a home with keys of its own, which is told what to copy; no session is void because of it', { timeout: 60_000 }, async () => {
    const before = await select('select session_key, session_generation from installation');
    const stranger = host('c');
    await expect(stranger.start()).rejects.toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining('session.key') as string });
    expect(await select('select session_key, session_generation from installation')).toEqual(before);
    shareKeys(a.home, stranger.home);
    await stranger.start();
    await stranger.stop();
  });

  test('a home whose own log was rolled back: that is no matter of names', { timeout: 60_000 }, async () => {
    const log = join(a.home.ledger, 'control');
    renameSync(log, `${log}.kept`);
    await expect(a.start()).rejects.toMatchObject({ code: 'INTEGRITY_VIOLATION' });
    await a.ended();
    rmSync(log, { recursive: true });
    renameSync(`${log}.kept`, log);
    await a.start();
    await a.stop();
  });
});

/**
 * Every run is recorded, and its success once. A leader that stood still between the effect and its record may have recorded it after
 * another one had taken over: then the log of that one says where the run had begun.
 */
function expectOneResultEach(runIds: readonly string[], ...logs: readonly (readonly LedgerEntry[])[]): void {
  const successes = (log: readonly LedgerEntry[], runId: string): LedgerEntry[] =>
    log.filter((entry) => entry.id === runId && entry.kind === 'operation.done' && entry.outcome === 'ok');
  for (const runId of runIds) {
    const recorded = logs.filter((log) => log.some((entry) => entry.id === runId && entry.kind === 'operation.done'));
    expect(recorded, runId).not.toEqual([]);
    for (const log of logs) expect(successes(log, runId).length, runId).toBeLessThanOrEqual(1);
    const succeeded = logs.filter((log) => successes(log, runId).length > 0);
    if (succeeded.length < 2) continue;
    const adopted = logs.filter((log) =>
      log.some((entry) => entry.id === runId && entry.kind === 'operation.done' && JSON.stringify(entry.data).includes('begunIn')),
    );
    expect(adopted, runId).toHaveLength(1);
  }
}
