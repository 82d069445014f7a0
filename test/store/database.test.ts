import { sql } from 'drizzle-orm';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sleep } from '../../src/core/clock.ts';
import { openDatabase } from '../../src/store/database.ts';
import { otherClients } from '../../src/store/other-clients.ts';
import { migratedDatabase } from './migrated-database.ts';
import type { TestDatabase } from './migrated-database.ts';

let store: TestDatabase;
beforeAll(async () => {
  store = await migratedDatabase();
});
afterAll(async () => {
  await store.drop();
});

async function cutConnections(): Promise<void> {
  const client = new Client({ connectionString: store.url });
  await client.connect();
  await client.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()');
  await client.end();
}

describe('bad input', () => {
  test.each([
    ['nobody listens', 'postgres://u:p@127.0.0.1:1/none'],
    ['the host does not exist', 'postgres://u:p@nowhere.invalid/none'],
    ['not a URL', 'postgres://['],
  ])('%s', async (_name, url) => {
    await expect(openDatabase(url, { poolSize: 1 })).rejects.toMatchObject({ name: 'ElulmcError' });
  });

  test('a wrong password and a missing database, without the password in the message', async () => {
    const wrong = new URL(store.url);
    wrong.password = 'secret-of-mine';
    const missing = new URL(store.url);
    missing.pathname = '/missing';
    for (const url of [wrong.href, missing.href]) {
      const error: unknown = await openDatabase(url, { poolSize: 1 }).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
      expect(String(error)).not.toContain('secret-of-mine');
    }
  });

  test('a statement that the server refuses is INTERNAL, without its parameters', async () => {
    const failing = store.database.run(({ orm }) => orm.execute(sql`select ${'my secret'}::text, 1 / 0`));
    await expect(failing).rejects.toMatchObject({ code: 'INTERNAL', message: 'the database refused a statement: division by zero' });
  });
});

describe('transactions', () => {
  test('an error undoes everything and passes on', async () => {
    const failing = store.database.transaction(async ({ connection }) => {
      await connection.query({ text: 'create table half (n int)' });
      throw new RangeError('stop');
    });
    await expect(failing).rejects.toMatchObject({ message: 'stop' });
    const { rows } = await store.database.run(({ connection }) => connection.query({ text: "select to_regclass('half') as half" }));
    expect(rows).toEqual([{ half: null }]);
  });

  test('a connection that ends in the middle fails the call and not the process; the next call works', async () => {
    const failing = store.database.transaction(async ({ connection }) => {
      await connection.query({ text: 'select 1' });
      await cutConnections();
      await sleep(50);
      await connection.query({ text: 'select 2' });
    });
    await expect(failing).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
    await cutConnections();
    const { rows } = await store.database.run(({ connection }) => connection.query({ text: 'select 3 as three' }));
    expect(rows).toEqual([{ three: 3 }]);
  });
});

test('clients of other processes are counted, own ones are not', async () => {
  const stranger = new Client({ connectionString: store.url, application_name: 'somebody else' });
  await stranger.connect();
  const withStranger = await otherClients(store.database);
  expect(withStranger).toBeGreaterThanOrEqual(1);
  await stranger.end();
  while ((await otherClients(store.database)) >= withStranger) await sleep(10);
});
