import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ElulmcError } from '../core/errors.ts';
import type { Database } from './database.ts';
import type { Queryable } from './posture-reader.ts';

/** Beside this file, both as source and in the built package. */
const FOLDER = new URL('./migrations/', import.meta.url);
/** Any constant: all processes of this program take the same advisory lock. */
const LOCK = 4_180_001;

interface Migration {
  readonly name: string;
  readonly sql: string;
  readonly sha256: string;
}

function migrations(): Migration[] {
  return readdirSync(fileURLToPath(FOLDER))
    .filter((name) => name.endsWith('.sql'))
    .sort()
    .map((name) => {
      const sql = readFileSync(new URL(name, FOLDER), 'utf8');
      return { name, sql, sha256: createHash('sha256').update(sql).digest('hex') };
    });
}

async function applied(connection: Queryable): Promise<Map<string, string>> {
  await connection.query({
    text: 'create table if not exists schema_migration (name text primary key, sha256 text not null, at timestamptz not null default now())',
  });
  const { rows } = await connection.query({ text: 'select name, sha256 from schema_migration' });
  return new Map((rows as { name: string; sha256: string }[]).map(({ name, sha256 }) => [name, sha256]));
}

/**
 * Brings the database to this program's schema, all or nothing, one process at a time. CONFIG_INVALID when a newer program has
 * changed it or a migration is not the one that was applied.
 */
export async function migrateDatabase(database: Database): Promise<void> {
  const known = migrations();
  await database.transaction(async ({ connection }) => {
    await connection.query({ text: 'select pg_advisory_xact_lock($1)', values: [LOCK] });
    const done = await applied(connection);
    const stranger = [...done.keys()].find((name) => !known.some((migration) => migration.name === name));
    if (stranger !== undefined)
      throw new ElulmcError('CONFIG_INVALID', `the database has the migration ${stranger} of a newer version of this program`, { field: 'DATABASE_URL' });
    for (const { name, sql, sha256 } of known) {
      const before = done.get(name);
      if (before !== undefined && before !== sha256)
        throw new ElulmcError('CONFIG_INVALID', `the database was made by another text of the migration ${name}`, { field: 'DATABASE_URL' });
      if (before !== undefined) continue;
      await connection.query({ text: sql });
      await connection.query({ text: 'insert into schema_migration (name, sha256) values ($1, $2)', values: [name, sha256] });
    }
  });
}
