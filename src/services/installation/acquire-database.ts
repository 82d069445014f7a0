import { join } from 'node:path';
import type { Home } from '../../core/home.ts';
import { openDatabase } from '../../store/database.ts';
import { startEmbeddedPostgres, stopEmbeddedPostgres } from '../../store/embedded/launcher.ts';
import { otherClients } from '../../store/other-clients.ts';
import { processRunner } from '../processes/process-runner.ts';

/** The database of an installation, given or embedded. */
export interface AcquiredDatabase {
  /** Carries the password: never log it. */
  readonly url: string;
  readonly embedded: boolean;
  /** Stops an embedded server that nobody else is connected to; leaves any other alone. */
  release(): Promise<void>;
}

async function isIdle(url: string): Promise<boolean> {
  const database = await openDatabase(url, { poolSize: 1 });
  try {
    return (await otherClients(database)) === 0;
  } finally {
    await database.close();
  }
}

/** DATABASE_URL when it is set; otherwise the embedded PostgreSQL of this home, started or attached to. */
export async function acquireDatabase(home: Home, databaseUrl: string | undefined): Promise<AcquiredDatabase> {
  if (databaseUrl !== undefined) return { url: databaseUrl, embedded: false, release: () => Promise.resolve() };
  const dataDirectory = join(home.pg, 'data');
  const server = await startEmbeddedPostgres({
    dataDirectory,
    passwordFile: join(home.pg, 'password'),
    logFile: join(home.run, 'log', 'postgres.log'),
    runner: processRunner,
  });
  return {
    url: server.url,
    embedded: true,
    release: async () => {
      if (await isIdle(server.url)) await stopEmbeddedPostgres(dataDirectory, processRunner);
    },
  };
}
