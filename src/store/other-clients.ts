import { applicationName } from './connection.ts';
import type { Database } from './database.ts';

/** Connections of other processes to the server, on any of its databases: whether stopping it would disturb somebody. */
export async function otherClients(database: Database): Promise<number> {
  return await database.run(async ({ connection }) => {
    const { rows } = await connection.query({
      text: "select count(*)::int as others from pg_stat_activity where backend_type = 'client backend' and application_name <> $1",
      values: [applicationName()],
    });
    return (rows[0] as { others: number }).others;
  });
}
