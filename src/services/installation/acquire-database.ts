import { join } from 'node:path';
import { monotonicMs, sleep } from '../../core/clock.ts';
import type { Home } from '../../core/home.ts';
import { openDatabase } from '../../store/database.ts';
import { startEmbeddedPostgres, stopEmbeddedPostgres } from '../../store/embedded/launcher.ts';
import { otherClients } from '../../store/other-clients.ts';
import { processRunner } from '../processes/process-runner.ts';

const LET_GO_MS = 1_000;
const PAUSE_MS = 50;

/** The database of an installation, given or embedded. */
export interface AcquiredDatabase {
  /** Carries the password: never log it. */
  readonly url: string;
  readonly embedded: boolean;
  /** Stops an embedded server that nobody else is connected to; leaves any other alone. */
  release(): Promise<void>;
}

/** Whether nobody else is connected. The server lets go of processes that have just ended only after a moment. */
async function isIdle(url: string): Promise<boolean> {
  const database = await openDatabase(url, { poolSize: 1 });
  const end = monotonicMs() + LET_GO_MS;
  try {
    while ((await otherClients(database)) > 0) {
      if (monotonicMs() > end) return false;
      await sleep(PAUSE_MS);
    }
    return true;
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
