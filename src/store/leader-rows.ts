import { sql } from 'drizzle-orm';
import type { Database, Statements } from './database.ts';
import { leader } from './leader-schema.ts';
import type { Queryable } from './posture-reader.ts';
import { installation } from './schema.ts';

/** Who leads, or led last. All null before the first leader. */
export type LeaderRow = Omit<typeof leader.$inferSelect, 'singleton'>;

/** What a leader says about itself. */
export interface LeaderIdentity {
  /** `control.name` of the configuration. */
  readonly name: string;
  /** base64 SPKI DER of the key that signs session tokens. */
  readonly sessionKey: string;
  /** Lower-case hex SHA-256 of the key that wraps the keys of subjects. */
  readonly subjectKey: string;
}

/** Undefined in a database that was not migrated yet. */
export async function readLeader(database: Database): Promise<LeaderRow | undefined> {
  return await database.run(async ({ orm, connection }) => {
    const { rows } = await connection.query({ text: "select to_regclass('leader') is not null as made" });
    if (!(rows[0] as { made: boolean }).made) return undefined;
    const [row] = await orm.select().from(leader);
    return row;
  });
}

/** `ins_...`; undefined before the first leader has made the installation. */
export async function readInstallationId(database: Database): Promise<string | undefined> {
  return await database.run(async ({ orm, connection }) => {
    const { rows } = await connection.query({ text: "select to_regclass('installation') is not null as made" });
    if (!(rows[0] as { made: boolean }).made) return undefined;
    const [row] = await orm.select({ id: installation.id }).from(installation);
    return row?.id;
  });
}

/** Waits for the open transactions of the leader before: none of them can be committed once this has returned. */
export async function raiseEpoch({ orm, connection }: Statements, holder: string, as: LeaderIdentity): Promise<number> {
  await connection.query({ text: 'select epoch from leader for update' });
  const rows = await orm
    .update(leader)
    .set({ ...as, epoch: sql`${leader.epoch} + 1`, holder, url: null, renewedAt: sql`clock_timestamp()` })
    .returning({ epoch: leader.epoch });
  const [row] = rows;
  if (row === undefined) throw new Error('the table leader has no row');
  return row.epoch;
}

export async function setLeaderUrl({ orm }: Statements, url: string): Promise<void> {
  await orm.update(leader).set({ url });
}

/** False when another epoch has begun. */
export async function renewLease(connection: Queryable, epoch: number): Promise<boolean> {
  const { rowCount } = await connection.query({ text: 'update leader set renewed_at = clock_timestamp() where epoch = $1', values: [epoch] });
  return rowCount === 1;
}

/** Longest wait for a connection to end. */
const END_MS = 2_000;

/** Ends every connection of a control plane, which releases its locks and undoes its open transactions. They need the same database role. */
export async function endConnections(connection: Queryable, clientName: string): Promise<void> {
  await connection.query({
    text: 'select pg_terminate_backend(pid, $2) from pg_stat_activity where application_name = $1 and pid <> pg_backend_pid()',
    values: [clientName, END_MS],
  });
}

/**
 * Ends a control plane: at first the connection that holds its lock, so that it learns from no failure that it leads no longer while
 * it could still believe that it does.
 */
export async function endHolder(connection: Queryable, { clientName, pid }: LockHolder): Promise<void> {
  await connection.query({
    text: 'select pg_terminate_backend(pid, $3) from pg_stat_activity where application_name = $1 and pid = $2',
    values: [clientName, pid, END_MS],
  });
  await endConnections(connection, clientName);
}

export interface LockHolder {
  readonly clientName: string;
  /** Server process of the connection that holds it. */
  readonly pid: number;
  /** Changes with everything that the holder says to the server. */
  readonly sign: string;
}

/** Who holds an advisory lock of this database. */
export async function lockHolder(database: Database, lock: number): Promise<LockHolder | undefined> {
  const { rows } = await database.run(({ connection }) =>
    connection.query({
      text: `select application_name as "clientName", held.pid, concat_ws(' ', held.pid, state_change) as sign
        from pg_locks held join pg_stat_activity activity on activity.pid = held.pid
        where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())
          and classid = ($1::bigint >> 32)::bigint::oid and objid = ($1::bigint & 4294967295)::oid and objsubid = 1 and granted`,
      values: [lock],
    }),
  );
  return rows[0] as LockHolder | undefined;
}
