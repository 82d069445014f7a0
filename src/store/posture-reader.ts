import { ElulmcError } from '../core/errors.ts';
import type { HeadRow, PostureRows } from './posture-shapes.ts';

/** The part of a `pg` connection or pool that plain statements need. */
export interface Queryable {
  query(statement: { text: string; values?: unknown[]; name?: string }): Promise<{ rows: unknown[]; rowCount: number | null }>;
}

export interface PostureAnswer {
  readonly version: number;
  readonly heads: readonly HeadRow[];
  /** Null when `version` is the known one. */
  readonly rows: PostureRows | null;
}

/** Version to ask with when nothing is known yet: all keys and subjects come. */
export const NOTHING_KNOWN = -1;

const AT = `'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'`;

// One statement, so that all parts come from one MVCC snapshot.
const READ = `
select v.version::text as version,
  (select coalesce(json_agg(json_build_object('log', log, 'size', size, 'root', root, 'refused', refused) order by log), '[]') from log_head) as heads,
  case when v.version > $1::bigint then json_build_object(
    'installationId', i.id,
    'sessionGeneration', i.session_generation,
    'sessionKey', i.session_key,
    'streamGraceMs', i.stream_grace_ms,
    'isolations', (select coalesce(json_agg(json_build_object('scope', scope, 'target', target, 'reason', reason, 'author', author,
      'at', to_char(at at time zone 'UTC', ${AT})) order by scope, target), '[]') from isolation),
    'upstreams', (select coalesce(json_agg(json_build_object('name', name, 'url', url, 'engine', engine, 'tokenFile', token_file) order by name), '[]')
      from upstream),
    'routes', (select coalesce(json_agg(json_build_object('model', model, 'targets', targets, 'backup', backup, 'active', active) order by model), '[]')
      from route),
    'passThrough', (select coalesce(json_agg(json_build_object('path', path, 'upstream', upstream) order by path), '[]') from pass_through),
    'keys', (select coalesce(json_agg(json_build_object('id', id, 'sha256', sha256, 'name', name, 'subject', subject, 'generation', generation,
      'revokedAt', to_char(revoked_at at time zone 'UTC', ${AT}), 'models', models,
      'limits', json_build_object('concurrency', concurrency, 'requestsPerMinute', requests_per_minute, 'tokensPerMinute', tokens_per_minute))), '[]')
      from api_key where changed > $1::bigint),
    'subjects', (select coalesce(json_agg(json_build_object('id', id, 'wrappedKey', wrapped_key)), '[]') from subject where changed > $1::bigint)
  ) end as rows
from posture_version v left join installation i on true`;

/** Reads the posture: one statement, one consistent state. DATABASE_UNAVAILABLE when the control plane has not prepared it yet. */
export async function readPosture(connection: Queryable, knownVersion: number): Promise<PostureAnswer> {
  const { rows } = await connection.query({ name: 'read-posture', text: READ, values: [knownVersion] });
  const row = rows[0] as { version: string; heads: HeadRow[]; rows: PostureRows | null } | undefined;
  // node-postgres gives bigint as text; a version that a number cannot hold is refused rather than rounded.
  const version = Number(row?.version);
  if (row === undefined || !Number.isSafeInteger(version)) throw new ElulmcError('DATABASE_UNAVAILABLE', 'the database holds no posture version');
  if (row.rows !== null && typeof row.rows.installationId !== 'string')
    throw new ElulmcError('DATABASE_UNAVAILABLE', 'the database holds no installation yet; the control plane makes it at its start');
  return { version, heads: row.heads, rows: row.rows };
}
