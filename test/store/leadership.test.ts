import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Client, Pool } from 'pg';
import { sleep } from '../../src/core/clock.ts';
import { openDatabase } from '../../src/store/database.ts';
import type { Database } from '../../src/store/database.ts';
import { refuseLaterConnections } from '../../src/store/fence.ts';
import { newControlName, tryCandidacy, watchLeader } from '../../src/store/leadership.ts';
import type { Leadership } from '../../src/store/leadership.ts';
import { migrateDatabase } from '../../src/store/migrate.ts';
import { freshDatabase } from '../fixtures/postgres.ts';
import type { FreshDatabase } from '../fixtures/postgres.ts';

/** A control plane as the database sees it. */
interface Plane {
  readonly database: Database;
  readonly lost: string[];
}

const NEVER_MS = 2 ** 30;
const identity = (name: string): { name: string; sessionKey: string; subjectKey: string } => ({ name, sessionKey: 'session', subjectKey: 'subject' });

/** Keeps the server of this file running from one test to the next. */
let server: FreshDatabase;
let fresh: FreshDatabase;
let observer: Client;
const planes: Plane[] = [];
const held: { release(): Promise<void> }[] = [];

beforeAll(async () => {
  server = await freshDatabase();
});

afterAll(async () => {
  await server.drop();
});

beforeEach(async () => {
  fresh = await freshDatabase();
  observer = new Client({ connectionString: fresh.url });
  await observer.connect();
});

afterEach(async () => {
  for (const one of held.splice(0)) await one.release().catch(() => undefined);
  for (const { database } of planes.splice(0)) await database.close();
  await observer.end();
  await fresh.drop();
});

async function plane(): Promise<Plane> {
  const made = { database: await openDatabase(fresh.url, { poolSize: 3, clientName: newControlName() }), lost: [] };
  planes.push(made);
  return made;
}

async function leadAs(name: string, { database, lost }: Plane, renewEveryMs?: number): Promise<Leadership | undefined> {
  const onLost = (reason: string): void => void lost.push(reason);
  const candidacy = await tryCandidacy(database, renewEveryMs === undefined ? { onLost } : { onLost, renewEveryMs });
  if (candidacy === undefined) return undefined;
  held.push(candidacy);
  await migrateDatabase(database);
  return candidacy.lead(identity(name));
}

async function mustLead(name: string, one: Plane, renewEveryMs?: number): Promise<Leadership> {
  const leadership = await leadAs(name, one, renewEveryMs);
  if (leadership === undefined) throw new Error(`${name} does not lead`);
  return leadership;
}

async function marks(): Promise<unknown[]> {
  const { rows } = await observer.query('select mark from marks order by mark');
  return rows.map((row: { mark: string }) => row.mark);
}

function mark(database: Database, text: string): Promise<unknown> {
  return database.transaction(({ connection }) => connection.query({ text: 'insert into marks values ($1)', values: [text] }));
}

async function endConnectionsOf(name: string): Promise<void> {
  await observer.query('select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name = $1', [name]);
}

/** Of this database only: other files test on the same server. */
async function endLockHolders(): Promise<void> {
  await observer.query(
    `select pg_terminate_backend(pid, 5000) from pg_locks where locktype = 'advisory' and pid <> pg_backend_pid()
       and database = (select oid from pg_database where datname = current_database())`,
  );
}

describe('one leader', () => {
  test('one holds it and the others wait; who loses the connection is told once, and the next one gets it in a higher epoch', async () => {
    const [first, second] = [await plane(), await plane()];
    const leadership = await mustLead('a', first);
    expect(await leadAs('b', second)).toBeUndefined();
    await endConnectionsOf(first.database.clientName);
    await expect.poll(() => first.lost).toHaveLength(1);
    const next = await mustLead('b', second);
    expect(next.epoch).toBe(leadership.epoch + 1);
    const { rows } = await observer.query('select holder, name, url from leader');
    expect(rows).toEqual([{ holder: second.database.clientName, name: 'b', url: null }]);
    await next.announce('http://b:1');
    expect((await observer.query('select url from leader')).rows).toEqual([{ url: 'http://b:1' }]);
    await expect(leadership.announce('http://a:1')).rejects.toMatchObject({ code: 'LEADERSHIP_LOST' });
    expect(first.lost).toHaveLength(1);
    expect(second.lost).toEqual([]);
  });

  test('who gives it up is not told, and leaves it to the next one at once', async () => {
    const [first, second] = [await plane(), await plane()];
    await (await mustLead('a', first)).release();
    await mustLead('b', second);
    expect(first.lost).toEqual([]);
  });

  test('who gets no answer about the lock leaves no connection behind that could hold it', async () => {
    await observer.query(`create function public.pg_try_advisory_lock(bigint) returns boolean language plpgsql as
      $$ begin perform pg_catalog.pg_try_advisory_lock($1); raise exception 'no answer'; end $$`);
    const url = new URL(fresh.url);
    url.searchParams.set('options', '-c search_path=public,pg_catalog');
    const clientName = newControlName();
    const database = await openDatabase(url.href, { poolSize: 1, clientName });
    planes.push({ database, lost: [] });
    await expect(tryCandidacy(database, { onLost: () => undefined })).rejects.toThrow('no answer');
    const second = await plane();
    await expect.poll(async () => (await leadAs('b', second))?.epoch, { timeout: 20_000 }).toBe(1);
  });

  test('a name in the URL of the database does not replace the name by which connections are ended', async () => {
    const url = new URL(fresh.url);
    url.searchParams.set('application_name', 'everybody');
    const clientName = newControlName();
    const database = await openDatabase(url.href, { poolSize: 1, clientName });
    planes.push({ database, lost: [] });
    const { rows } = await database.run(({ connection }) => connection.query({ text: "select current_setting('application_name') as name" }));
    expect(rows).toEqual([{ name: clientName }]);
  });
});

describe('the fence', () => {
  beforeEach(async () => {
    await observer.query('create table marks (mark text primary key)');
  });

  test('a leader writes until another one leads, then never again', async () => {
    const [first, second] = [await plane(), await plane()];
    const old = await mustLead('a', first, NEVER_MS);
    await mark(old.database, 'before');
    // The lock is gone, as if only that connection had been lost, and nobody has told the old leader.
    await endLockHolders();
    const next = await mustLead('b', second);
    await expect(mark(old.database, 'after')).rejects.toMatchObject({ code: 'LEADERSHIP_LOST' });
    await mark(next.database, 'new');
    expect(await marks()).toEqual(['before', 'new']);
    expect(first.lost).toHaveLength(1);
  });

  test('a transaction that was open across the takeover is not committed, and does not hold the takeover up', async () => {
    const [first, second] = [await plane(), await plane()];
    const old = await mustLead('a', first, NEVER_MS);
    const [wrote, goOn] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
    const open = old.database.transaction(async ({ connection }) => {
      await connection.query({ text: "insert into marks values ('half')" });
      wrote.resolve(undefined);
      await goOn.promise;
    });
    const ended = expect(open).rejects.toMatchObject({
      name: 'ElulmcError',
      code: expect.stringMatching(/^(DATABASE_UNAVAILABLE|LEADERSHIP_LOST)$/) as string,
    });
    await wrote.promise;
    await endLockHolders();
    await mustLead('b', second);
    goOn.resolve(undefined);
    await ended;
    expect(await marks()).toEqual([]);
  });

  test('connections that cannot be fenced by transactions are ended at the takeover and refused afterwards', async () => {
    const [first, second] = [await plane(), await plane()];
    const old = await mustLead('a', first, NEVER_MS);
    const engine = new Pool({ connectionString: fresh.url, application_name: first.database.clientName, verify: refuseLaterConnections(old.fence) });
    engine.on('error', () => undefined);
    await engine.query("insert into marks values ('engine')");
    await endConnectionsOf(first.database.clientName);
    await mustLead('b', second);
    await expect(engine.query("insert into marks values ('late')")).rejects.toThrow();
    await expect(engine.query("insert into marks values ('later')")).rejects.toThrow();
    await engine.end();
    expect(await marks()).toEqual(['engine']);
  });

  test('without the row nobody may write', async () => {
    const first = await plane();
    const leadership = await mustLead('a', first);
    await observer.query('delete from leader');
    await expect(mark(leadership.database, 'x')).rejects.toMatchObject({ code: 'LEADERSHIP_LOST' });
    expect(first.lost).toHaveLength(1);
  });

  test('what writes outside a transaction is refused by the server', async () => {
    const { database } = await plane();
    const writing = database.run(({ connection }) => connection.query({ text: "insert into marks values ('x')" }));
    await expect(writing).rejects.toMatchObject({ code: 'INTERNAL', message: expect.stringContaining('read-only transaction') as string });
    await mark(database, 'y');
    expect(await marks()).toEqual(['y']);
  });
});

describe('the lease', () => {
  async function lookUntilFree(database: Database, leaseMs: number): Promise<void> {
    const look = watchLeader(database, { leaseMs });
    while ((await look()).isLed) await sleep(20);
  }

  test('a holder that has fallen silent is ended with everything it had open', async () => {
    const [first, second] = [await plane(), await plane()];
    const old = await mustLead('a', first, NEVER_MS);
    await observer.query('create table marks (mark text primary key)');
    const open = old.database.transaction(async ({ connection }) => {
      await connection.query({ text: "insert into marks values ('half')" });
      await sleep(2_000);
    });
    const ended = expect(open).rejects.toMatchObject({ name: 'ElulmcError' });
    await lookUntilFree(second.database, 200);
    const next = await mustLead('b', second);
    await mark(next.database, 'half');
    await ended;
    await expect.poll(() => first.lost).toHaveLength(1);
    expect(await marks()).toEqual(['half']);
  });

  test('it learns that it leads no longer before anything that it does fails because of that', async () => {
    const [first, second] = [await plane(), await plane()];
    const asleep = Promise.withResolvers<undefined>();
    // A connection that is older than the one with the lock would be ended before it.
    const open = first.database.transaction(async ({ connection }) => {
      asleep.resolve(undefined);
      await connection.query({ text: 'select pg_sleep(60)' });
    });
    const lostAtFailure = open.then(
      () => ['nothing failed'],
      () => [...first.lost],
    );
    await asleep.promise;
    await mustLead('a', first, NEVER_MS);
    await lookUntilFree(second.database, 200);
    expect(await lostAtFailure).toEqual(['the database has ended the connection that held the leadership']);
  });

  test('one that falls silent before it has led, on a database without tables, is ended too', async () => {
    const [first, second] = [await plane(), await plane()];
    const candidacy = await tryCandidacy(first.database, { onLost: (reason) => first.lost.push(reason), renewEveryMs: NEVER_MS });
    expect(candidacy).toBeDefined();
    await lookUntilFree(second.database, 200);
    await mustLead('b', second);
    await expect(candidacy?.lead(identity('a'))).rejects.toBeDefined();
    expect((await observer.query('select name from leader')).rows).toEqual([{ name: 'b' }]);
  });

  test('one that speaks is left alone, however the clock of the database jumps', async () => {
    const [first, second] = [await plane(), await plane()];
    await mustLead('a', first, 20);
    const look = watchLeader(second.database, { leaseMs: 400 });
    for (let n = 0; n < 40; n++) {
      if (n % 10 === 5) await observer.query("update leader set renewed_at = now() - interval '1 hour'");
      expect(await look()).toMatchObject({ isLed: true, leader: { name: 'a' } });
      await sleep(25);
    }
    expect(first.lost).toEqual([]);
  });

  test('a leader that was replaced while it stood still finds out when it asks', async () => {
    const [first, second] = [await plane(), await plane()];
    const old = await mustLead('a', first, NEVER_MS);
    await old.confirm();
    await sleep(3_100);
    await old.confirm();
    expect(first.lost).toEqual([]);
    await sleep(3_100);
    await endLockHolders();
    await mustLead('b', second);
    await old.confirm();
    expect(first.lost).toHaveLength(1);
  });
});
