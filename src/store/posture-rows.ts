import { and, eq, inArray, isNull, max, ne, or, sql } from 'drizzle-orm';
import { wallAt } from '../core/clock.ts';
import type { Statements } from './database.ts';
import type { IsolationRow, IsolationTargetRow, KeyRow, PassThroughRow, RouteRow, UpstreamRow } from './posture-shapes.ts';
import { apiKey, installation, isolation, passThrough, postureChange, route, upstream } from './schema.ts';

/** Statements of the posture service. Those that write belong inside `changePosture`. */

const amongIds = (ids: readonly string[] | null) => (ids === null ? undefined : inArray(apiKey.id, [...ids]));

/** Makes the installation, or gives it another session key. False when nothing changed. */
export async function ensureInstallation({ orm }: Statements, id: string, sessionKey: string): Promise<boolean> {
  const rows = await orm
    .insert(installation)
    .values({ id, sessionKey })
    .onConflictDoUpdate({ target: installation.singleton, set: { sessionKey }, setWhere: ne(installation.sessionKey, sessionKey) })
    .returning({ id: installation.id });
  return rows.length > 0;
}

export async function deleteIsolations({ orm }: Statements, targets: readonly IsolationTargetRow[] | null): Promise<IsolationRow[]> {
  if (targets === null) return await orm.delete(isolation).returning();
  if (targets.length === 0) return [];
  const exact = targets.map(({ scope, target }) => and(eq(isolation.scope, scope), target === null ? isNull(isolation.target) : eq(isolation.target, target)));
  return await orm
    .delete(isolation)
    .where(or(...exact))
    .returning();
}

/** The new generation. */
export async function raiseSessionGeneration({ orm }: Statements): Promise<number> {
  const rows = await orm
    .update(installation)
    .set({ sessionGeneration: sql`${installation.sessionGeneration} + 1` })
    .returning({ generation: installation.sessionGeneration });
  return rows[0]?.generation ?? 0;
}

/** Those of the ids that no key has. */
export async function unknownKeys({ orm }: Statements, ids: readonly string[]): Promise<string[]> {
  const known = new Set((await orm.select({ id: apiKey.id }).from(apiKey).where(amongIds(ids))).map(({ id }) => id));
  return ids.filter((id) => !known.has(id));
}

/** Revokes those that are not yet; null means all. Returns their ids. */
export async function markKeysRevoked({ orm }: Statements, ids: readonly string[] | null, version: number): Promise<string[]> {
  if (ids?.length === 0) return [];
  const rows = await orm
    .update(apiKey)
    .set({ revokedAt: wallAt(), generation: sql`${apiKey.generation} + 1`, changed: version })
    .where(and(isNull(apiKey.revokedAt), amongIds(ids)))
    .returning({ id: apiKey.id });
  return rows.map(({ id }) => id).sort();
}

// One statement, because the version row is locked meanwhile and keys may be issued by the thousand.
const INSERT_KEY = `
with owner as (insert into subject (id, wrapped_key, changed) values ($1, $2, $3::bigint) on conflict do nothing)
insert into api_key (subject, changed, id, sha256, name, models, concurrency, requests_per_minute, tokens_per_minute)
values ($1, $3::bigint, $4, $5, $6, $7, $8, $9, $10)`;

/** A new key, and its subject where it is new. */
export async function insertKey({ connection }: Statements, key: KeyRow, wrappedKey: string, version: number): Promise<void> {
  const { concurrency, requestsPerMinute, tokensPerMinute } = key.limits;
  const models = key.models === null ? null : JSON.stringify(key.models);
  const values = [key.subject, wrappedKey, version, key.id, key.sha256, key.name, models, concurrency, requestsPerMinute, tokensPerMinute];
  await connection.query({ text: INSERT_KEY, values });
}

export async function selectRoutes({ orm }: Statements): Promise<RouteRow[]> {
  return await orm.select().from(route);
}

export async function setActiveSide({ orm }: Statements, models: readonly string[], side: 'primary' | 'backup'): Promise<void> {
  await orm
    .update(route)
    .set({ active: side })
    .where(inArray(route.model, [...models]));
}

export interface RoutingRows {
  readonly streamGraceMs: number;
  readonly upstreams: readonly UpstreamRow[];
  readonly routes: readonly RouteRow[];
  readonly passThrough: readonly PassThroughRow[];
}

export async function selectRouting({ orm }: Statements): Promise<RoutingRows> {
  const rows = await orm.select({ streamGraceMs: installation.streamGraceMs }).from(installation);
  const [upstreams, routes, paths] = [await orm.select().from(upstream), await orm.select().from(route), await orm.select().from(passThrough)];
  return { streamGraceMs: rows[0]?.streamGraceMs ?? 0, upstreams, routes, passThrough: paths };
}

/** Replaces everything that config.yaml declares. */
export async function replaceRouting({ orm }: Statements, routing: RoutingRows): Promise<void> {
  await orm.update(installation).set({ streamGraceMs: routing.streamGraceMs });
  await orm.delete(upstream);
  await orm.delete(route);
  await orm.delete(passThrough);
  if (routing.upstreams.length > 0) await orm.insert(upstream).values([...routing.upstreams]);
  if (routing.routes.length > 0) await orm.insert(route).values([...routing.routes]);
  if (routing.passThrough.length > 0) await orm.insert(passThrough).values([...routing.passThrough]);
}

/** Highest version that a run made, or undefined. */
export async function versionOfRun({ orm }: Statements, runId: string): Promise<number | undefined> {
  const rows = await orm
    .select({ version: max(postureChange.version) })
    .from(postureChange)
    .where(eq(postureChange.runId, runId));
  return rows[0]?.version ?? undefined;
}
