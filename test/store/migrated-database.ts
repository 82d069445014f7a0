import { openDatabase } from '../../src/store/database.ts';
import type { Database } from '../../src/store/database.ts';
import { migrateDatabase } from '../../src/store/migrate.ts';
import { freshDatabase } from '../fixtures/postgres.ts';

export interface TestDatabase {
  readonly database: Database;
  readonly url: string;
  readonly drop: () => Promise<void>;
}

/** A fresh database with this program's schema. */
export async function migratedDatabase(): Promise<TestDatabase> {
  const { url, drop } = await freshDatabase();
  const database = await openDatabase(url, { poolSize: 6 });
  await migrateDatabase(database);
  return {
    database,
    url,
    drop: async () => {
      await database.close();
      await drop();
    },
  };
}
