import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { getTableColumns, getTableName } from 'drizzle-orm';
import { getTableConfig } from 'drizzle-orm/pg-core';
import type { PgTable } from 'drizzle-orm/pg-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../../src/store/database.ts';
import type { Database } from '../../src/store/database.ts';
import { migrateDatabase } from '../../src/store/migrate.ts';
import { freshDatabase } from '../fixtures/postgres.ts';
import type { FreshDatabase } from '../fixtures/postgres.ts';

const STORE = join(import.meta.dirname, '../../src/store');

/** Every table of every `schema.ts` and `...-schema.ts` of the store. */
const schemas = readdirSync(STORE).filter((file) => file.endsWith('schema.ts'));
const tables: readonly PgTable[] = (
  await Promise.all(schemas.map(async (file) => Object.values((await import(join(STORE, file))) as Record<string, PgTable>)))
).flat();

let fresh: FreshDatabase;
let database: Database;
beforeAll(async () => {
  fresh = await freshDatabase();
  database = await openDatabase(fresh.url, { poolSize: 2 });
});
afterAll(async () => {
  await database.close();
  await fresh.drop();
});

async function select(text: string, values: unknown[] = []): Promise<unknown[]> {
  const { rows } = await database.transaction(({ connection }) => connection.query({ text, values }));
  return rows;
}

async function migrateInProcess(url: string): Promise<number | null> {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../fixtures/migrate.ts'), url], { stdio: 'inherit' });
  return await new Promise((done) => child.once('close', done));
}

test('four processes at the same time migrate once', { timeout: 240_000 }, async () => {
  expect(await Promise.all(Array.from({ length: 4 }, () => migrateInProcess(fresh.url)))).toEqual([0, 0, 0, 0]);
  const files = readdirSync(join(STORE, 'migrations')).sort();
  expect(await select('select name from schema_migration order by name')).toEqual(files.map((name) => ({ name })));
  expect(await select('select version from posture_version')).toEqual([{ version: '0' }]);
  await migrateDatabase(database);
});

test('the tables of the query layer are those of the database, column by column', async () => {
  const stored = await select(
    `select table_name as table, column_name as column, is_nullable = 'NO' as "notNull", column_default is not null or is_identity = 'YES' as "hasDefault",
       format_type(a.atttypid, a.atttypmod) as type
     from information_schema.columns c join pg_attribute a on a.attrelid = c.table_name::regclass and a.attname = c.column_name
     where table_schema = 'public' and table_name <> 'schema_migration' order by 1, 2`,
  );
  const declared = tables.flatMap((table) =>
    Object.values(getTableColumns(table)).map((column) => ({
      table: getTableName(table),
      column: column.name,
      notNull: column.notNull,
      hasDefault: column.hasDefault,
      type: column.getSQLType().replace('timestamp (3)', 'timestamp(3)'),
    })),
  );
  const key = (row: { table: string; column: string }): string => `${row.table}.${row.column}`;
  expect(declared.toSorted((a, b) => (key(a) < key(b) ? -1 : 1))).toEqual((stored as typeof declared).toSorted((a, b) => (key(a) < key(b) ? -1 : 1)));
});

test('the primary keys of the query layer are those of the database', async () => {
  const stored = (await select(
    `select conrelid::regclass::text as table, array_agg(attname::text order by attname) as columns from pg_constraint
     join pg_attribute on attrelid = conrelid and attnum = any(conkey) where contype = 'p' and connamespace = 'public'::regnamespace and conrelid::regclass::text <> 'schema_migration' group by 1`,
  )) as { table: string; columns: string[] }[];
  const declared = tables.map((table) => {
    const config = getTableConfig(table);
    const single = config.columns.filter(({ primary }) => primary).map(({ name }) => name);
    return { table: config.name, columns: [...single, ...config.primaryKeys.flatMap(({ columns }) => columns.map(({ name }) => name))].sort() };
  });
  const keyed = declared.filter(({ columns }) => columns.length > 0).toSorted((a, b) => (a.table < b.table ? -1 : 1));
  expect(keyed).toEqual(stored.toSorted((a, b) => (a.table < b.table ? -1 : 1)));
});

test('another text of an applied migration and a migration of a newer program are refused', async () => {
  await select("insert into schema_migration (name, sha256) values ('9999-future.sql', 'x')");
  await expect(migrateDatabase(database)).rejects.toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining('9999-future.sql') as string });
  await select("delete from schema_migration where name = '9999-future.sql'");
  await select("update schema_migration set sha256 = 'x'");
  await expect(migrateDatabase(database)).rejects.toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining('0001-initial.sql') as string });
});
