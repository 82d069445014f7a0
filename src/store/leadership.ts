import type { Database } from './database.ts';
import { connectOnce } from './connection.ts';
import { mapDatabaseError } from './database-errors.ts';

/** Any constant: all control planes on one database compete for the same advisory lock. */
const LOCK = 4_180_002;
const TIMEOUT_MS = 10_000;

export interface Leadership {
  /** Gives the leadership up; `onLost` is not called. */
  release(): Promise<void>;
}

/**
 * Takes the leadership of the control planes if nobody holds it, else undefined. It is held by a connection of its own: when that
 * ends, the server gives the lock to the next one, and `onLost` is called once.
 */
export async function tryLeadership(database: Database, onLost: () => void): Promise<Leadership | undefined> {
  try {
    const client = await connectOnce(database.url, TIMEOUT_MS);
    const { rows } = await client.query<{ taken: boolean }>('select pg_try_advisory_lock($1) as taken', [LOCK]);
    if (rows[0]?.taken !== true) {
      await client.end();
      return undefined;
    }
    client.once('end', onLost);
    return {
      release: async () => {
        client.off('end', onLost);
        await client.end();
      },
    };
  } catch (error) {
    throw mapDatabaseError(error);
  }
}
