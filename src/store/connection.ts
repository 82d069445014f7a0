import { Client } from 'pg';
import type { ClientConfig } from 'pg';

/** Name under which every connection of this process shows in pg_stat_activity. */
export function applicationName(): string {
  return `elulmc:${String(process.pid)}`;
}

/** A name that the URL sets would win over ours, and a takeover ends connections by their names. */
function withoutName(url: string): string {
  if (!URL.canParse(url)) return url;
  const parsed = new URL(url);
  if (!parsed.searchParams.has('application_name')) return url;
  parsed.searchParams.delete('application_name');
  return parsed.href;
}

/** Settings of every connection: `timeoutMs` bounds connecting and each answer, and a dead peer is noticed by TCP. */
export function clientConfig(url: string, timeoutMs: number, clientName = applicationName()): ClientConfig {
  return {
    connectionString: withoutName(url),
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 1000,
    application_name: clientName,
  };
}

/** Drops the connection without a word to the server, which may be frozen. */
export function destroyClient(client: Client): void {
  client.connection.stream.destroy();
}

/** A connection of its own. Losing it fails the query that runs, and never the process. */
export async function connectOnce(url: string, timeoutMs: number, clientName?: string): Promise<Client> {
  const client = new Client(clientConfig(url, timeoutMs, clientName));
  client.on('error', () => {
    // The query that runs, or the next one, fails with the same error.
  });
  try {
    await client.connect();
  } catch (error) {
    destroyClient(client);
    throw error;
  }
  return client;
}
