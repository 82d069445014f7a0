import { drizzle } from 'drizzle-orm/node-postgres';
import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
import { Pool } from 'pg';
import type { PoolClient } from 'pg';
import { ElulmcError } from '../core/errors.ts';
import { applicationName, clientConfig, connectOnce, destroyClient } from './connection.ts';
import { mapDatabaseError } from './database-errors.ts';
import { beginFenced } from './fence.ts';
import type { Fence } from './fence.ts';
import type { Queryable } from './posture-reader.ts';
import { sharesServerSessions } from './session-probe.ts';

const OLDEST_SERVER = 15;
const TIMEOUT_MS = 10_000;

/** Where statements go: typed through the query layer, or plain. */
export interface Statements {
  readonly orm: NodePgDatabase;
  readonly connection: Queryable;
}

/** The installation's PostgreSQL. Losing the server fails calls with DATABASE_UNAVAILABLE and never the process; calls work again when it is back. */
export interface Database {
  readonly url: string;
  /** Name of its connections in pg_stat_activity. */
  readonly clientName: string;
  /** Statements that read, each its own transaction. The server refuses those that write. */
  run<T>(work: (statements: Statements) => Promise<T>): Promise<T>;
  /** All or nothing. A commit whose answer is lost counts as failed. */
  transaction<T>(work: (statements: Statements) => Promise<T>): Promise<T>;
  /** The same connections for a leader: no transaction of its own is committed after its epoch. LEADERSHIP_LOST, and `onLost` is called. */
  fenced(fence: Fence): Database;
  close(): Promise<void>;
}

async function inTransaction<T>(client: PoolClient, fence: Fence | undefined, work: (statements: Statements) => Promise<T>): Promise<T> {
  try {
    await (fence === undefined ? client.query('begin read write') : beginFenced(client, fence));
    const result = await work({ orm: drizzle(client), connection: client });
    await client.query('commit');
    client.release();
    return result;
  } catch (error) {
    const mapped = mapDatabaseError(error);
    if (mapped.code === 'DATABASE_UNAVAILABLE') {
      destroyClient(client);
      client.release(true);
      throw mapped;
    }
    const clean = await client.query('rollback').then(
      () => true,
      () => false,
    );
    client.release(!clean);
    throw mapped;
  }
}

async function checkServer(url: string): Promise<void> {
  const first = await connectOnce(url, TIMEOUT_MS);
  try {
    const { rows } = await first.query<{ version: number }>("select current_setting('server_version_num')::int as version");
    const major = Math.floor((rows[0]?.version ?? 0) / 10_000);
    if (major < OLDEST_SERVER)
      throw new ElulmcError('CONFIG_INVALID', `DATABASE_URL names a PostgreSQL ${String(major)}; ${String(OLDEST_SERVER)} or newer is needed`, {
        field: 'DATABASE_URL',
      });
    const second = await connectOnce(url, TIMEOUT_MS);
    try {
      if (await sharesServerSessions(first, second))
        throw new ElulmcError(
          'CONFIG_INVALID',
          'DATABASE_URL leads to a pooler in transaction mode, which breaks LISTEN and advisory locks: name the server itself',
          {
            field: 'DATABASE_URL',
          },
        );
    } finally {
      await second.end();
    }
  } finally {
    await first.end();
  }
}

/** What changes something belongs into a transaction: only there is it conditioned on the epoch. */
function readByDefault(client: PoolClient, done: (error?: Error) => void): void {
  client.query('set default_transaction_read_only = on').then(() => {
    done();
  }, done);
}

export interface DatabaseOptions {
  readonly poolSize: number;
  /** Default: one that names the process. */
  readonly clientName?: string;
}

/** Connects and checks the server: version, and that sessions are real ones. DATABASE_UNAVAILABLE or CONFIG_INVALID otherwise. */
export async function openDatabase(url: string, { poolSize, clientName = applicationName() }: DatabaseOptions): Promise<Database> {
  await checkServer(url).catch((error: unknown) => {
    throw mapDatabaseError(error);
  });
  const pool = new Pool({ ...clientConfig(url, TIMEOUT_MS, clientName), statement_timeout: TIMEOUT_MS, max: poolSize, verify: readByDefault });
  pool.on('error', () => {
    // An idle connection ended; the pool has dropped it, and the next call connects anew.
  });
  pool.on('connect', (client) => {
    client.on('error', () => {
      // The query that runs, or the next one, fails with the same error.
    });
  });
  const statements: Statements = { orm: drizzle(pool), connection: pool };
  const over = (fence: Fence | undefined): Database => ({
    url,
    clientName,
    run: (work) =>
      work(statements).catch((error: unknown) => {
        throw mapDatabaseError(error);
      }),
    transaction: async (work) => {
      const client = await pool.connect().catch((error: unknown) => {
        throw mapDatabaseError(error);
      });
      return await inTransaction(client, fence, work);
    },
    fenced: over,
    close: () => pool.end(),
  });
  return over(undefined);
}
