import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Queryable } from '../../src/store/posture-reader.ts';
import { sharesServerSessions } from '../../src/store/session-probe.ts';
import { freshDatabase } from '../fixtures/postgres.ts';
import type { FreshDatabase } from '../fixtures/postgres.ts';

let fresh: FreshDatabase;
const clients: Client[] = [];

async function session(): Promise<Client> {
  const client = new Client({ connectionString: fresh.url });
  await client.connect();
  clients.push(client);
  return client;
}

beforeAll(async () => {
  fresh = await freshDatabase();
});
afterAll(async () => {
  await Promise.all(clients.map((client) => client.end()));
  await fresh.drop();
});

/** A pooler in transaction mode: a client keeps a server session from begin to rollback, and borrows one for a statement otherwise. */
function transactionPooler(sessions: Client[]): () => Queryable {
  return () => {
    let held: Client | undefined;
    return {
      query: async (statement) => {
        const server = held ?? sessions.pop();
        if (server === undefined) throw new Error('no session is free');
        if (statement.text === 'begin') held = server;
        if (statement.text === 'rollback') held = undefined;
        try {
          return await server.query(statement);
        } finally {
          if (held === undefined) sessions.push(server);
        }
      },
    };
  };
}

test.each([1, 2])('a pooler with %i sessions is recognized', async (count) => {
  const connect = transactionPooler(await Promise.all(Array.from({ length: count }, session)));
  expect(await sharesServerSessions(connect(), connect())).toBe(true);
});

test('a pooler that hands out the longest unused session is recognized', async () => {
  const sessions = [await session(), await session(), await session()];
  const connect = transactionPooler(sessions);
  const oldestFirst = (connection: Queryable): Queryable => ({
    query: async (statement) => {
      sessions.unshift(...sessions.splice(-1));
      return await connection.query(statement);
    },
  });
  expect(await sharesServerSessions(oldestFirst(connect()), oldestFirst(connect()))).toBe(true);
});

test('two real sessions are not', async () => {
  expect(await sharesServerSessions(await session(), await session())).toBe(false);
});
