import type { Queryable } from './posture-reader.ts';

async function backend(connection: Queryable): Promise<number> {
  const { rows } = await connection.query({ text: 'select pg_backend_pid() as pid' });
  return (rows[0] as { pid: number }).pid;
}

/**
 * Whether two open connections share sessions of the server, as behind a pooler in transaction mode. There the second is
 * given the session that the first has just left, or the first another one than before while the second holds it.
 */
export async function sharesServerSessions(first: Queryable, second: Queryable): Promise<boolean> {
  const before = await backend(first);
  await second.query({ text: 'begin' });
  try {
    if ((await backend(second)) === before) return true;
    return (await backend(first)) !== before;
  } finally {
    await second.query({ text: 'rollback' });
  }
}
