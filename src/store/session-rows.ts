import type { Database } from './database.ts';

export interface SessionRow {
  readonly id: string;
  readonly keyId: string;
  readonly subject: string;
  readonly issuedAt: string;
  readonly expiresAt: string;
  readonly log: string;
  readonly index: number;
}

// `data` of a session.issued entry: keyId, keyGeneration, installationGeneration, subject, expiresAt.
const LIVE = `
select (count(*) over ())::int as total, json_build_object('id', e.request_id, 'keyId', e.data ->> 'keyId', 'subject', e.data ->> 'subject',
  'issuedAt', to_char(e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'expiresAt', e.data ->> 'expiresAt',
  'log', e.log, 'index', e.index) as session
from ledger_index e
join installation i on i.session_generation = (e.data ->> 'installationGeneration')::bigint
join api_key k on k.id = e.data ->> 'keyId' and k.generation = (e.data ->> 'keyGeneration')::bigint and k.revoked_at is null
where e.kind = 'session.issued' and (e.data ->> 'expiresAt')::timestamptz > $1::timestamptz
order by e.at desc, e.log, e.index desc
limit $2`;

/** Sessions that are valid at `at`, newest first, at most `limit` of `total`. */
export async function liveSessions(database: Database, at: string, limit: number): Promise<{ sessions: SessionRow[]; total: number }> {
  const { rows } = await database.run(({ connection }) => connection.query({ text: LIVE, values: [at, limit] }));
  const found = rows as { session: SessionRow; total: number }[];
  return { sessions: found.map(({ session }) => session), total: found[0]?.total ?? 0 };
}
