import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { monotonicMs, sleep } from '../../../src/core/clock.ts';
import type { PostureFeed } from '../../../src/services/posture/feed.ts';
import { removeKillSwitch, writeKillSwitch } from '../../../src/services/posture/kill-switch-file.ts';
import { openPostureFeed } from '../../../src/services/posture/open-feed.ts';
import { createPostureService } from '../../../src/services/posture/posture-service.ts';
import type { PostureService } from '../../../src/services/posture/service.ts';
import { migratedDatabase } from '../../store/migrated-database.ts';
import type { TestDatabase } from '../../store/migrated-database.ts';
import { author } from './author.ts';

const ALL = [{ scope: 'all', target: null }] as const;
const UNLIMITED = { concurrency: null, requestsPerMinute: null, tokensPerMinute: null };

let store: TestDatabase;
let posture: PostureService;
let home: string;
const opened: PostureFeed[] = [];

beforeAll(async () => {
  store = await migratedDatabase();
  posture = await createPostureService(store.database, { subjectMasterKey: Buffer.alloc(32), sessionPublicKey: 'a2V5' });
  home = mkdtempSync(join(tmpdir(), 'elulmc-feed-'));
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((feed) => feed.close()));
  await posture.lift(null, author());
  removeKillSwitch(join(home, 'killswitch'));
});
afterAll(async () => {
  await store.drop();
  rmSync(home, { recursive: true, force: true });
});

async function open(options: { databaseUrl?: string; pollMs?: number; onError?: (error: Error) => void } = {}): Promise<PostureFeed> {
  const feed = await openPostureFeed({ databaseUrl: store.url, killswitchPath: join(home, 'killswitch'), ...options });
  opened.push(feed);
  return feed;
}

async function until(condition: () => boolean, limitMs = 15_000): Promise<void> {
  const deadline = monotonicMs() + limitMs;
  while (!condition()) {
    if (monotonicMs() > deadline) throw new Error('waited in vain');
    await sleep(5);
  }
}

async function execute(text: string, values: unknown[] = []): Promise<void> {
  await store.database.transaction(({ connection }) => connection.query({ text, values }));
}

describe('closed', () => {
  test('without a database: no snapshot, no lease, one error told, and it keeps trying', async () => {
    const errors: Error[] = [];
    const feed = await open({ databaseUrl: 'postgres://u:p@127.0.0.1:1/none', onError: (error) => errors.push(error) });
    expect(feed.current()).toBeUndefined();
    expect(feed.leaseEndMs()).toBe(-Infinity);
    expect(errors).toHaveLength(1);
  });

  test('with a database that is not prepared yet, until it is', async () => {
    const other = await migratedDatabase();
    try {
      const feed = await open({ databaseUrl: other.url });
      expect(feed.leaseEndMs()).toBe(-Infinity);
      await createPostureService(other.database, { subjectMasterKey: Buffer.alloc(32), sessionPublicKey: 'a2V5' });
      await until(() => feed.current() !== undefined);
      await feed.close();
    } finally {
      await other.drop();
    }
  });
});

describe('changes', () => {
  test('a change arrives in the turn in which it is known, and only once', async () => {
    const feed = await open();
    const seen: (number | undefined)[] = [];
    feed.onChange((change) => seen.push(change === 'posture' ? feed.current()?.version : undefined));
    const { version } = await posture.isolate(ALL, 'r', author());
    await until(() => seen.length > 0);
    expect(feed.current()?.isolations).toMatchObject([{ scope: 'all' }]);
    await until(() => feed.leaseEndMs() > monotonicMs() + 1000);
    await sleep(600);
    expect(seen).toEqual([version]);
  });

  test('a change without NOTIFY is seen by the next poll', async () => {
    const feed = await open();
    const before = feed.current()?.version ?? 0;
    const at = monotonicMs();
    await execute(`with v as (update posture_version set version = version + 1) insert into isolation values ('model', 'quiet', 'r', 'a', now())`);
    await until(() => (feed.current()?.version ?? 0) > before);
    expect(monotonicMs() - at).toBeLessThan(3000);
    expect(feed.current()?.isolations).toMatchObject([{ target: 'quiet' }]);
  });

  test('keys and subjects are read incrementally and merged', async () => {
    const key = { name: 'n', subject: 'sub_a', models: null, limits: UNLIMITED };
    const first = await posture.issueKey(key, author());
    const feed = await open();
    const second = await posture.issueKey({ ...key, subject: 'sub_b' }, author());
    await until(() => feed.current()?.version === second.version);
    expect(feed.current()?.keys.size).toBe(2);
    const revoked = await posture.revokeKeys([first.key.id], author());
    await until(() => feed.current()?.version === revoked.version);
    expect(feed.current()).toEqual(await posture.read());
    expect(feed.current()?.keys.get(first.key.sha256)?.generation).toBe(2);
    await execute(
      `with v as (update posture_version set version = version + 1 returning version) update subject set wrapped_key = null, changed = v.version from v where id = 'sub_a'`,
    );
    await until(() => feed.current()?.subjects.get('sub_a')?.wrappedKey === null);
    expect(feed.current()?.subjects.size).toBe(2);
  });

  test('heads are renewed with every read and are no change', async () => {
    const feed = await open({ pollMs: 50 });
    let changes = 0;
    feed.onChange(() => changes++);
    await execute(`insert into log_head values ('gw-0', 5, 'root', 'vkey', false, now(), 'note')`);
    await until(() => feed.current()?.heads.length === 1);
    expect(feed.current()?.heads).toEqual([{ log: 'gw-0', size: 5, root: 'root', refused: false }]);
    expect(changes).toBe(0);
  });
});

describe('distrust', () => {
  test('a version that goes back is refused and lets the lease run out', async () => {
    const { version } = await posture.isolate(ALL, 'r', author());
    const errors: string[] = [];
    const feed = await open({ pollMs: 50, onError: (error) => errors.push(error.message) });
    await execute('with v as (update posture_version set version = version - 1) delete from isolation');
    try {
      await until(() => feed.leaseEndMs() < monotonicMs());
      expect(feed.current()?.version).toBe(version);
      expect(feed.current()?.isolations).toHaveLength(1);
      expect(errors[0]).toContain('posture version');
    } finally {
      await execute('update posture_version set version = $1', [version]);
    }
    await until(() => feed.leaseEndMs() > monotonicMs());
  });

  test('connections cut and the state changed without NOTIFY', async () => {
    const feed = await open();
    const killer = new Client({ connectionString: store.url });
    await killer.connect();
    await killer.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()');
    await killer.query(`with v as (update posture_version set version = version + 1) insert into isolation values ('all', null, 'r', 'a', now())`);
    await killer.end();
    await until(() => feed.current()?.isolations.length === 1);
    await until(() => feed.leaseEndMs() > monotonicMs());
  });
});

describe('kill switch', () => {
  test('it is seen at the start, when it comes and when it goes', async () => {
    const path = join(home, 'killswitch');
    writeKillSwitch(path, 'r', 'a');
    const feed = await open();
    expect(feed.killSwitch()).toBe(true);
    const seen: boolean[] = [];
    feed.onChange((change) => change === 'killswitch' && seen.push(feed.killSwitch()));
    removeKillSwitch(path);
    await until(() => !feed.killSwitch());
    writeKillSwitch(path, 'r', 'a');
    await until(() => feed.killSwitch());
    expect(seen).toEqual([false, true]);
  });

  test('it is seen with the database dead, and where the folder cannot be watched', async () => {
    const folder = join(home, 'later');
    const feed = await openPostureFeed({ databaseUrl: 'postgres://u:p@127.0.0.1:1/none', killswitchPath: join(folder, 'killswitch') });
    opened.push(feed);
    expect(feed.killSwitch()).toBe(false);
    mkdirSync(folder);
    writeKillSwitch(join(folder, 'killswitch'), 'r', 'a');
    await until(() => feed.killSwitch());
  });
});
