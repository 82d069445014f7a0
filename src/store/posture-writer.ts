import { wallAt } from '../core/clock.ts';
import { ElulmcError } from '../core/errors.ts';
import type { ChangeAuthorRow, IsolationTargetRow } from './posture-shapes.ts';
import type { Queryable } from './posture-reader.ts';

/** Wakes every gateway; the payload is never trusted. */
export const POSTURE_CHANNEL = 'elulmc_posture';

/** A kind of change. One run makes each kind once. */
export type ChangeKind = 'prepare' | 'isolate' | 'lift' | 'void-sessions' | 'revoke-keys' | 'issue-key' | 'move-routes' | 'declare' | 'refuse-log';

export interface ChangeMade<S> {
  /** The version that holds the change; the current one when nothing had to change. */
  readonly version: number;
  readonly changed: boolean;
  /** What this run changed, at this or an earlier attempt; null when nothing. */
  readonly summary: S | null;
}

const RAISE = `
with raised as (update posture_version set version = $1::bigint),
  noted as (insert into posture_change (version, run_id, change, operation, actor, at, summary) values ($1, $2, $3, $4, $5, $6, $7))
select pg_notify($8, '')`;

/**
 * One change of the posture, inside a transaction that the caller opened: locks the version row, runs `work` unless this run made
 * this change before, and raises the version when `work` gave a summary of what it changed. NOTIFY goes out with the commit.
 */
export async function changePosture<S>(
  connection: Queryable,
  kind: ChangeKind,
  author: ChangeAuthorRow,
  work: (nextVersion: number) => Promise<S | null>,
): Promise<ChangeMade<S>> {
  const locked = await connection.query({ text: 'select version::text as version from posture_version for update' });
  const current = Number((locked.rows[0] as { version: string } | undefined)?.version);
  if (!Number.isSafeInteger(current)) throw new ElulmcError('DATABASE_UNAVAILABLE', 'the database holds no posture version');
  const earlier = await connection.query({
    text: 'select version::text as version, summary from posture_change where run_id = $1 and change = $2',
    values: [author.runId, kind],
  });
  const made = earlier.rows[0] as { version: string; summary: S } | undefined;
  if (made !== undefined) return { version: Number(made.version), changed: true, summary: made.summary };
  const next = current + 1;
  const summary = await work(next);
  if (summary === null) return { version: current, changed: false, summary: null };
  await connection.query({
    text: RAISE,
    values: [next, author.runId, kind, author.operation, author.actor, wallAt(), JSON.stringify(summary), POSTURE_CHANNEL],
  });
  return { version: next, changed: true, summary };
}

export interface IsolateSummary {
  readonly isolated: readonly IsolationTargetRow[];
}

const ACTIVE_UPSTREAMS = `
select distinct target ->> 'upstream' as name from route
cross join lateral jsonb_array_elements(case when active = 'backup' and backup is not null then jsonb_build_array(backup) else targets end) as target`;

/** Isolates targets, or the upstreams that routes send traffic to now. Needs nothing but a connection, for the emergency command. */
export async function isolateRows(
  connection: Queryable,
  targets: readonly IsolationTargetRow[] | 'active-upstreams',
  reason: string,
  author: ChangeAuthorRow,
): Promise<ChangeMade<IsolateSummary>> {
  return await changePosture(connection, 'isolate', author, async () => {
    let wanted = targets;
    if (wanted === 'active-upstreams') {
      const { rows } = await connection.query({ text: ACTIVE_UPSTREAMS });
      wanted = (rows as { name: string }[]).map(({ name }) => ({ scope: 'upstream', target: name }));
    }
    const { rows } = await connection.query({
      text: `insert into isolation (scope, target, reason, author, at)
        select scope, target, $3, $4, $5 from unnest($1::text[], $2::text[]) as wanted (scope, target)
        on conflict do nothing returning scope, target`,
      values: [wanted.map(({ scope }) => scope), wanted.map(({ target }) => target), reason, author.actor, wallAt()],
    });
    return rows.length === 0 ? null : { isolated: rows as IsolationTargetRow[] };
  });
}
